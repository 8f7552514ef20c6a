import assert from 'node:assert/strict';
import test from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import type { Score } from '../../src/domain/score.ts';
import { createTeller, type TellerOptions } from '../../src/telemetry/console.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { ENRICH, gap, incident, judgedEvent, lease, NOW, notice, readyScore, snapshotOf } from './facts.ts';

function told(options: Partial<TellerOptions> = {}) {
  let now = NOW;
  const lines: string[] = [];
  const teller = createTeller({
    write: (line) => lines.push(line),
    startedAt: NOW,
    now: () => now,
    color: false,
    ...options,
  });
  const { events } = createEvents({ log: createLog({ level: 'silent' }), record: {}, listeners: [teller.listener] });
  const at = (seconds: number): void => {
    now = NOW + seconds * 1_000;
  };
  return { teller, events, lines, at };
}

test('tells the story of an incident line by line', () => {
  const { teller, events, lines, at } = told({ pageUrl: 'http://127.0.0.1:9464' });
  at(1);
  events.lifecycle({ phase: 'ready', message: '3 stages, probing every 1 s' });
  at(30);
  teller.say('demo', 'now stopping one of two enrich workers');
  at(41);
  events.judged(judgedEvent(snapshotOf(ENRICH, {}), [readyScore(ENRICH, 'lag_seconds', 9.8, 1.8)], 'critical', 'ok'));
  events.judged(
    judgedEvent(snapshotOf(ENRICH, {}), [readyScore(ENRICH, 'lag_seconds', 9.9, 1.9)], 'critical', 'critical'),
  );
  events.incidentChanged({ incident, change: { kind: 'opened' }, at: NOW });
  events.incidentChanged({ incident, change: { kind: 'cause-named', from: 'unknown' }, at: NOW });
  events.notified({ notifier: 'log', notice, attempt: 1, seconds: 0, ageSeconds: 0, error: undefined, gaveUp: false });
  at(43);
  events.leaseChanged({ lease: { ...lease, state: 'applying' }, at: NOW });
  for (let times = 0; times < 3; times += 1) events.leaseChanged({ lease, at: NOW });
  const no = {
    at: NOW,
    policy: 'scale-enrich',
    stage: ENRICH,
    because: '',
    kind: 'withhold',
    reason: 'dry-run',
  } as const;
  for (let times = 0; times < 3; times += 1)
    events.decided({ decision: { ...no, request: { kind: 'scale', replicas: 2 } } });
  at(82);
  events.judged(judgedEvent(snapshotOf(ENRICH, {}), [], 'ok', 'critical'));
  at(84);
  const released = { ...lease, state: 'released', why: 'recovered', releasedAt: NOW + 41_000 } as const;
  events.leaseChanged({ lease: released, at: NOW });
  at(90);
  const resolved = { ...incident, state: 'resolved', resolvedAt: NOW + 54_000, resolution: 'recovered' } as const;
  events.incidentChanged({ incident: resolved, change: { kind: 'resolved', resolution: 'recovered' }, at: NOW });
  assert.deepEqual(
    lines.map((line) => line.trimEnd()),
    [
      '00:01  ready     3 stages, probing every 1 s',
      '00:30  demo      now stopping one of two enrich workers',
      '00:41  critical  enrich  lag_seconds 9.8 s, usually 1.8 to 16 s  (score 1.8)',
      '00:41  critical  enrich  incident #7, root; clean feels it',
      '00:41  warning   enrich  cause: slow',
      '00:41  notice    opened sent to log: enrich is slow',
      '00:43  held      ingest  throttled to 40/s until 03:12, because enrich is',
      '                 critical',
      '00:43  withheld  enrich  not scaled to 2: the policy is in dry run',
      '                 (scale-enrich)',
      '01:22  ok        enrich  is normal again',
      '01:24  released  ingest  opened after recovery; held for 41 s',
      '01:30  resolved  enrich  incident #7 after 54 s',
      '01:30  page      http://127.0.0.1:9464/#/incidents/7',
    ],
  );
});

test('keeps every line within the columns, goes on indented, and lets no control character through', () => {
  const { teller, lines } = told({ columns: 40 });
  teller.say('failed', `one\ntwo\u001b[31m ${'long '.repeat(30)}`);
  assert.equal(lines.length, 3);
  for (const line of lines) assert.ok([...line].length <= 41, line);
  assert.equal(lines[0], '00:00  failed    one two [31m long long\n');
  assert.match(lines[1] ?? '', /^ {17}long long/);
  assert.match(lines[2] ?? '', /…\n$/);
});

test('uses colour only where it is asked for, and never without the word', () => {
  const plain = told();
  const coloured = told({ color: true });
  for (const { teller } of [plain, coloured]) teller.say('critical', 'enrich');
  assert.equal(plain.lines[0]?.includes('\u001b'), false);
  assert.ok(coloured.lines[0]?.includes('\u001b[31mcritical\u001b[0m'));
});

test('says what fails in the same voice', () => {
  const { events, lines } = told({ columns: 200 });
  const error = new HeadgateError('timeout', 'no answer');
  const limit: Score = {
    subject: `${ENRICH}/lag_seconds`,
    detector: 'limits',
    state: 'limit',
    rule: 'above',
    severity: 'warning',
    broken: true,
    patience: 0,
    observed: 150,
    limit: 120,
    value: 0.7,
    ticketLine: 0.6,
  };
  events.judged(judgedEvent(snapshotOf(ENRICH, {}, [gap]), [], 'unknown', 'ok'));
  events.judged(judgedEvent(snapshotOf(ENRICH, {}), [{ ...limit, value: 1 }], 'warning', 'ok'));
  events.leaseChanged({ lease: { ...lease, state: 'failed', error: 'HTTP 403' }, at: NOW });
  events.notified({ notifier: 'oncall', notice, attempt: 9, seconds: 0, ageSeconds: 0, error, gaveUp: true });
  events.storeDegraded({ degraded: true, message: 'disk full' });
  events.configLoaded({ ok: false, message: 'line 3: bad', at: NOW });
  events.configLoaded({ ok: true, message: 'fine', at: NOW });
  events.failed({ what: 'retention', error });
  events.relearning({ detector: 'baseline', why: 'config', stages: 3, stage: ENRICH });
  assert.deepEqual(
    lines.map((line) => line.slice(7).trimEnd()),
    [
      'unknown   enrich  no answer from kafka-main within 5 s',
      'warning   enrich  lag_seconds 150 s, limit 120 s',
      'failed    ingest  could not be throttled to 40/s: HTTP 403',
      'failed    notice to oncall given up: no answer',
      'store     fails, going on without it: disk full',
      'config    refused, the old one stays: line 3: bad',
      'failed    retention: no answer',
      'learning  enrich and 2 more: baseline learns anew since the stage is configured otherwise',
    ],
  );
});
