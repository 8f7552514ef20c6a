import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import type { Profile } from '../../src/domain/profile.ts';
import type { Reading } from '../../src/domain/snapshot.ts';
import { createSampler, type Probe } from '../../src/engine/sample.ts';
import { eventsOf } from '../support/events.ts';
import { fakeClock } from '../support/fake-clock.ts';

const STAGE = 'orders.enrich';
const EVERY = 1_000;
const never = new AbortController().signal;

const reading = (values: Readonly<Record<string, number>>, more: Partial<Reading> = {}): Reading => ({
  values: new Map(Object.entries(values)),
  ...more,
});

function probe(name: string, read: Probe['read'], signals: readonly string[] = ['rows']): Probe {
  return { name, source: name.split('#')[0] as string, signals, read };
}

function samplerOf(probes: readonly Probe[], clock = fakeClock()) {
  const probed: (string | undefined)[] = [];
  const events = eventsOf({ probed: ({ probe: name, gap }) => probed.push(`${name} ${gap?.code ?? 'ok'}`) });
  return { clock, probed, sampler: createSampler(STAGE, EVERY, probes, clock, events) };
}

test('puts the answers of all probes together into one snapshot, at the time of the last', async () => {
  const clock = fakeClock();
  const parts = new Map([['lag_records', Float64Array.of(1, Number.NaN)]]);
  const slow = probe('slow#1', async () => {
    await new Promise<void>((resolve) => clock.timer(300, resolve));
    return reading({ rows: 5 });
  });
  const { sampler, probed } = samplerOf(
    [probe('kafka#0', async () => reading({ lag_records: 7 }, { parts })), slow],
    clock,
  );
  const sampling = sampler.sample(never);
  await clock.advance(300);
  const snapshot = await sampling;
  assert.deepEqual(
    snapshot.values,
    new Map([
      ['lag_records', 7],
      ['rows', 5],
    ]),
  );
  assert.deepEqual(snapshot.parts, parts);
  assert.deepEqual([snapshot.stage, snapshot.at, snapshot.gaps.length], [STAGE, clock.now(), 0]);
  assert.deepEqual(probed, ['kafka#0 ok', 'slow#1 ok']);
});

test('a failed probe is a gap in its signals and never a zero; the others are not touched', async () => {
  const failing = probe('db#0', async () => {
    throw new HeadgateError('timeout', 'no answer within 1s');
  });
  const { sampler, probed } = samplerOf([failing, probe('app#1', async () => reading({ lag_seconds: 2 }))]);
  const snapshot = await sampler.sample(never);
  assert.deepEqual(snapshot.gaps, [
    { probe: 'db#0', signals: ['rows'], code: 'timeout', message: 'no answer within 1s' },
  ]);
  assert.deepEqual([...snapshot.values], [['lag_seconds', 2]]);
  assert.deepEqual([...snapshot.absent], []);
  assert.deepEqual(probed, ['db#0 timeout', 'app#1 ok']);
});

test('whatever a source throws, at once or later, becomes a gap', async () => {
  const wild = [
    probe('a#0', () => {
      throw new TypeError('undefined is not a function');
    }),
    probe('b#1', () => Promise.reject('only a string')),
  ];
  const { gaps } = await samplerOf(wild).sampler.sample(never);
  assert.deepEqual(
    gaps.map(({ code, message }) => `${code}: ${message}`),
    ['internal: undefined is not a function', 'internal: only a string'],
  );
});

test('the gap is over with the next answer', async () => {
  let fails = true;
  const { sampler } = samplerOf([
    probe('a#0', async () => {
      if (fails) throw new HeadgateError('unreachable', 'gone');
      return reading({ rows: 1 });
    }),
  ]);
  assert.equal((await sampler.sample(never)).gaps.length, 1);
  fails = false;
  const snapshot = await sampler.sample(never);
  assert.deepEqual([snapshot.gaps, snapshot.values.get('rows')], [[], 1]);
});

test('a number that is not finite is a gap of that signal alone', async () => {
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const { sampler } = samplerOf([probe('a#0', async () => reading({ rows: wrong, lag_seconds: 1 }))]);
    const snapshot = await sampler.sample(never);
    assert.deepEqual([...snapshot.values], [['lag_seconds', 1]]);
    assert.deepEqual(
      snapshot.gaps.map(({ signals, code }) => [...signals, code]),
      [['rows', 'malformed']],
    );
  }
});

test('a signal that was not in a good answer is absent, unless another probe has it', async () => {
  const { sampler } = samplerOf([
    probe('a#0', async () => reading({}, { absent: ['rows', 'lag_seconds'] })),
    probe('b#1', async () => reading({ rows: 0 })),
  ]);
  const snapshot = await sampler.sample(never);
  assert.deepEqual([...snapshot.absent], ['lag_seconds']);
  assert.equal(snapshot.values.get('rows'), 0, 'a real zero stays a value');
});

test('values whose time stands still at their origin are absent after three intervals, and back when it moves', async () => {
  const clock = fakeClock();
  let at = clock.now();
  const { sampler } = samplerOf([probe('a#0', async () => reading({ rows: 5 }, { at, absent: ['dlq_depth'] }))], clock);
  const seen: boolean[] = [];
  for (let i = 0; i < 6; i++) {
    const snapshot = await sampler.sample(never);
    seen.push(snapshot.values.has('rows'));
    if (i === 5) assert.deepEqual([...snapshot.absent].sort(), ['dlq_depth', 'rows']);
    await clock.advance(EVERY);
  }
  assert.deepEqual(seen, [true, true, true, true, false, false]);
  at += 1;
  assert.equal((await sampler.sample(never)).values.get('rows'), 5);
});

test('an origin whose clock is hours away, but moves, is not absent', async () => {
  const clock = fakeClock();
  const { sampler } = samplerOf([probe('a#0', async () => reading({ rows: 5 }, { at: clock.now() - 9e6 }))], clock);
  for (let i = 0; i < 6; i++) {
    await clock.advance(EVERY);
    assert.ok((await sampler.sample(never)).values.has('rows'));
  }
});

test('an answer that was waited for longer than two intervals is stale', async () => {
  const clock = fakeClock();
  const hangs = probe('b#1', async () => {
    await new Promise<void>((resolve) => clock.timer(3 * EVERY, resolve));
    return reading({ lag_seconds: 1 });
  });
  const { sampler } = samplerOf([probe('a#0', async () => reading({ rows: 5 })), hangs], clock);
  const sampling = sampler.sample(never);
  await clock.advance(3 * EVERY);
  const snapshot = await sampling;
  assert.deepEqual([...snapshot.values.keys()], ['lag_seconds']);
  assert.deepEqual(
    snapshot.gaps.map((gap) => [gap.probe, gap.code]),
    [['a#0', 'stale']],
  );
});

test('hands the signal of abortion on', async () => {
  const stop = new AbortController();
  const waits = probe(
    'a#0',
    (_stage, abort) =>
      new Promise((_, reject) =>
        abort.addEventListener('abort', () => reject(new HeadgateError('aborted', 'given up'))),
      ),
  );
  const sampling = samplerOf([waits]).sampler.sample(stop.signal);
  stop.abort();
  assert.equal((await sampling).gaps[0]?.code, 'aborted');
});

test('a profile stands until the next one of its field, or until the field is a gap', async () => {
  const profile = (to: number): Profile => ({
    field: 'amount',
    kind: 'number',
    from: 0,
    to,
    rows: 1,
    nulls: 0,
    exact: true,
  });
  const [first, second] = [profile(1), profile(2)];
  const answers: Reading[] = [
    reading({ rows: 1 }, { profiles: new Map([['amount', first]]) }),
    reading({ rows: 2 }),
    reading({ rows: 3 }, { profiles: new Map([['amount', second]]) }),
    reading({ rows: 4 }, { gaps: [{ signals: ['amount'], code: 'timeout', message: 'no profile within 1s' }] }),
    reading({ rows: 5 }),
  ];
  const { sampler } = samplerOf([probe('db#0', async () => answers.shift() as Reading)]);
  const seen: (Profile | undefined)[] = [];
  for (let i = 0; i < 5; i++) seen.push((await sampler.sample(never)).profiles.get('amount'));
  assert.deepEqual(seen, [first, first, second, undefined, undefined]);
});
