import assert from 'node:assert/strict';
import test from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import { Secret } from '../../src/kit/secret.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { createLog, type LogOptions, scrub } from '../../src/telemetry/log.ts';
import { ENRICH, gap, incident, judgedEvent, lease, NOW, notice, readyScore, snapshotOf } from './facts.ts';

function logged(level: LogOptions['level'] = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const texts: string[] = [];
  const log = createLog({
    level,
    write: (line) => {
      texts.push(line);
      lines.push(JSON.parse(line));
    },
  });
  return { log, lines, texts, messages: () => lines.map(({ msg }) => msg) };
}

test('tells everybody who subscribed, until they leave, also when one of them throws', () => {
  const { log, lines } = logged();
  const heard: string[] = [];
  const hub = createEvents({ log, record: { outbox: () => heard.push('metrics') } });
  const leave = hub.subscribe({
    outbox: () => {
      throw new Error('broken listener');
    },
  });
  hub.subscribe({ outbox: ({ pending }) => heard.push(`second ${pending}`) });
  hub.events.outbox({ pending: 2, oldestAt: NOW });
  assert.deepEqual(heard, ['metrics', 'second 2']);
  assert.equal(lines[0]?.msg, 'a listener of events failed');
  leave();
  hub.events.outbox({ pending: 3, oldestAt: NOW });
  assert.equal(lines.length, 1);
  assert.equal(heard.length, 4);
});

test('says what changed and not what happens every tick', () => {
  const { log, messages } = logged('info');
  const { events } = createEvents({ log, record: {} });
  const probe = (bad: boolean) =>
    events.probed({ stage: ENRICH, probe: '1', source: 'kafka', seconds: 0.1, gap: bad ? gap : undefined, at: NOW });
  for (const bad of [false, false, true, true, true, false, false]) probe(bad);
  const scores = [readyScore(ENRICH, 'lag_seconds', 321, 23)];
  events.judged(judgedEvent(snapshotOf(ENRICH, {}), [], 'ok'));
  events.judged(judgedEvent(snapshotOf(ENRICH, {}), scores, 'critical', 'ok'));
  events.judged(judgedEvent(snapshotOf(ENRICH, {}), scores, 'critical', 'critical'));
  const no = { at: NOW, policy: 'keep', stage: ENRICH, because: '', kind: 'withhold' } as const;
  for (let times = 0; times < 5; times += 1) events.decided({ decision: { ...no, reason: 'cooldown' } });
  events.decided({ decision: { ...no, reason: 'warming' } });
  for (let times = 0; times < 5; times += 1)
    events.decided({ decision: { ...no, kind: 'renew', reason: 'still-broken' } });
  events.outbox({ pending: 1, oldestAt: NOW });
  assert.deepEqual(messages(), [
    'probe gives no answer',
    'probe answers again',
    'verdict changed',
    'decided',
    'decided',
  ]);
});

test('has a line for everything that a person must know', () => {
  const { log, lines, messages } = logged('info');
  const { events } = createEvents({ log, record: {} });
  const error = new HeadgateError('timeout', 'no answer from https://user:pass@hooks.example', {
    cause: new Error('socket'),
  });
  events.incidentChanged({ incident, change: { kind: 'opened' }, at: NOW });
  events.leaseChanged({ lease, at: NOW });
  events.leaseChanged({ lease: { ...lease, state: 'failed', error: 'HTTP 403' }, at: NOW });
  events.acted({ lease, step: 'revert', seconds: 1, error });
  events.notified({
    notifier: 'oncall',
    notice,
    attempt: 1,
    seconds: 1,
    ageSeconds: 1,
    error: undefined,
    gaveUp: false,
  });
  events.notified({ notifier: 'oncall', notice, attempt: 2, seconds: 1, ageSeconds: 1, error, gaveUp: false });
  events.notified({ notifier: 'oncall', notice, attempt: 9, seconds: 1, ageSeconds: 1, error, gaveUp: true });
  events.slotsSkipped({ stage: ENRICH, count: 3 });
  events.storeDegraded({ degraded: true, message: 'disk full' });
  events.storeDegraded({ degraded: false, message: '' });
  events.configLoaded({ ok: true, message: '4 stages', at: NOW });
  events.configLoaded({ ok: false, message: 'bad', at: NOW });
  events.lifecycle({ phase: 'ready', message: 'page on …' });
  events.relearning({ detector: 'baseline', why: 'update', stages: 3, stage: ENRICH });
  events.failed({ what: 'retention', error });
  assert.deepEqual(
    lines.map(({ level, msg }) => `${level} ${msg}`),
    [
      'warn incident changed',
      'info lease changed',
      'error lease failed',
      'warn gate could not be moved',
      'info notice sent',
      'warn notice not sent; will be tried again',
      'error notice given up',
      'warn probe is slower than its interval; slots skipped',
      'error store fails; going on without it',
      'info store works again',
      'info config loaded',
      'error config refused; the old one stays',
      'info life cycle',
      'warn detector learns anew what it knew',
      'error failed',
    ],
  );
  assert.match(JSON.stringify(lines.at(-1)?.err), /"code":"timeout"/);
  assert.equal(messages().length, 15);
  assert.doesNotMatch(JSON.stringify(lines), /user:pass/);
});

test('never writes a secret, wherever it stands', () => {
  const { log, texts } = logged();
  const circle: Record<string, unknown> = { name: 'circle' };
  circle.self = circle;
  log.info(
    {
      secret: Secret.of('hunter2'),
      deep: { list: [{ headers: { Authorization: 'Bearer hunter2', 'x-api-key': 'hunter2' } }], password: 'hunter2' },
      routing_key: 'hunter2',
      url: 'amqp://me:hunter2@broker/vhost',
      header: 'Authorization: Basic aHVudGVyMg==hunter2',
      map: new Map([['client_secret', 'hunter2']]),
      err: new Error('GET https://hunter2@api.example failed', { cause: { token: 'hunter2' } }),
      odd: [Number.NaN, 1n, undefined, () => 1],
      circle,
    },
    'sent Bearer hunter2.abc to it',
  );
  assert.equal(texts.length, 1);
  assert.doesNotMatch(texts.join(''), /hunter2|aHVudGVyMg/);
  assert.match(texts.join(''), /\[secret\]/);
  assert.equal(scrub('see https://example.com/a@b and lag 3 s'), 'see https://example.com/a@b and lag 3 s');
});

test('writes errors with their code and the chain of causes, and a stack only for bugs', () => {
  const { log, lines } = logged();
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  log.error({ err: new HeadgateError('unreachable', 'kafka-main does not answer', { cause }) }, 'failed');
  log.error({ err: new TypeError('x is not a function') }, 'failed');
  const [first, second] = lines.map(({ err }) => err as Record<string, unknown>);
  assert.deepEqual(first, {
    type: 'HeadgateError',
    message: 'kafka-main does not answer',
    code: 'unreachable',
    cause: { type: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
  });
  assert.match(`${second?.stack}`, /^TypeError: x is not a function\n +at /);
});

test('keeps to its level, with a time a person can read', () => {
  const { log, lines } = logged('warn');
  log.info({}, 'not this');
  log.warn({ a: 1 }, 'this');
  assert.equal(lines.length, 1);
  assert.match(`${lines[0]?.time}`, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual([lines[0]?.level, lines[0]?.msg, lines[0]?.a], ['warn', 'this', 1]);
});
