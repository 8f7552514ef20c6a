import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Cause } from '../../src/domain/cause.ts';
import type { Score } from '../../src/domain/score.ts';
import { emptySnapshot, type Snapshot } from '../../src/domain/snapshot.ts';
import { nameCause } from '../../src/engine/cause.ts';
import { type Estimate, estimate, NO_ESTIMATE } from '../../src/engine/estimate.ts';
import type { Supply } from '../../src/engine/supply.ts';

const STAGE = 'orders.enrich';
const EVERY = 10_000;

interface Sample {
  readonly values: Readonly<Record<string, number>>;
  readonly parts?: Readonly<Record<string, readonly number[]>>;
}

const snapshot = ({ values, parts = {} }: Sample, at: number): Snapshot => ({
  ...emptySnapshot(STAGE, at),
  values: new Map(Object.entries(values)),
  parts: new Map(Object.entries(parts).map(([signal, given]) => [signal, Float64Array.from(given)])),
});

const strange = (signal: string, detector = 'baseline'): Score => ({
  subject: `${STAGE}/${signal}`,
  detector,
  state: 'ready',
  pValue: 1e-9,
  observed: 1,
  because: [],
  value: 2,
  ticketLine: 0.5,
});

const flow = (into: number, out: number, lag: number): Sample => ({
  values: { in_records_per_second: into, out_records_per_second: out, lag_records: lag },
});
const CALM: readonly Sample[] = Array.from({ length: 60 }, () => flow(100, 100, 5));

/** What the stage is said to suffer from at the last of the samples, after a calm time. */
function causeOf(
  samples: readonly Sample[],
  { supply = 'flows', scores = [], calm = CALM }: { supply?: Supply; scores?: Score[]; calm?: readonly Sample[] } = {},
): Cause {
  let [memory, before]: [Estimate, Snapshot | undefined] = [NO_ESTIMATE, undefined];
  let named: Cause = 'unknown';
  for (const [index, sample] of [...calm, ...samples].entries()) {
    const now = snapshot(sample, (index + 1) * EVERY);
    const next = estimate(memory, now, index < calm.length);
    if (index >= calm.length) named = nameCause({ snapshot: now, before, scores, estimate: next, supply });
    [memory, before] = [next, now];
  }
  return named;
}

const times = (count: number, sample: (index: number) => Sample): readonly Sample[] =>
  Array.from({ length: count }, (_, index) => sample(index));
const with_ = (sample: Sample, values: Readonly<Record<string, number>>): Sample => ({
  ...sample,
  values: { ...sample.values, ...values },
});

describe('the rates tell', () => {
  test('surge: more comes in than ever, and the stage gives what it can', () => {
    assert.equal(causeOf(times(3, (i) => flow(300, 150, 1_500 * (i + 1)))), 'surge');
  });
  test('slow: what comes in is as ever, and less goes out', () => {
    assert.equal(causeOf(times(3, (i) => flow(100, 50, 500 * (i + 1)))), 'slow');
  });
  test('slow, where it became so over hours and the last minutes have got used to it', () => {
    const leak = times(400, (i) => flow(100, 100 - i / 40, 5));
    assert.equal(
      causeOf(
        times(8, (i) => flow(100, 89, 110 * (i + 1))),
        { calm: [...CALM, ...leak] },
      ),
      'slow',
    );
  });
  test('surge, where it rose over hours: the last minutes have got used to it, the hours have not', () => {
    const rise = times(360, (i) => flow(100 + i / 3, 100 + i / 3, 5));
    assert.equal(
      causeOf(
        times(8, (i) => flow(222, 198, 240 * (i + 1))),
        { calm: [...CALM, ...rise] },
      ),
      'surge',
    );
  });
  test('backlog: more goes out than comes in, and much is left', () => {
    assert.equal(causeOf(times(5, (i) => flow(100, 180, 90_000 - 800 * i))), 'backlog');
  });
  test('slow, and not backlog, where it nearly keeps pace with what comes as ever', () => {
    assert.equal(causeOf(times(8, (i) => flow(100, 97, 500 + 30 * i))), 'slow');
  });
  test('backlog: what was held back comes all at once, and that is no surge', () => {
    const held = times(30, () => flow(0, 0, 0));
    assert.equal(causeOf([...held, ...times(3, (i) => flow(600, 150, 4_500 * (i + 1)))]), 'backlog');
  });
  test('surge again once all that was held back has come', () => {
    const held = times(30, () => flow(0, 0, 0));
    const flood = times(8, (i) => flow(600, 150, 4_500 * (i + 1)));
    assert.equal(causeOf([...held, ...flood]), 'surge');
  });
  test('stopped: work waits and nothing leaves', () => {
    assert.equal(causeOf(times(4, (i) => flow(100, 0, 1_000 * (i + 1)))), 'stopped');
  });
  test('neither slow nor stopped while nothing has left for a moment only', () => {
    assert.equal(causeOf([flow(100, 0, 1_000)]), 'unknown');
  });
});

describe('what comes from above tells', () => {
  const nothing = times(8, () => flow(0, 0, 0));
  for (const supply of ['origin', 'dry', 'unknown'] as const)
    test(`source-outage: nothing comes in, and above is ${supply}`, () => {
      assert.equal(causeOf(nothing, { supply }), 'source-outage');
    });
  test('nothing, where the stage above holds back what it gets: the trouble is there', () => {
    assert.equal(causeOf(nothing, { supply: 'held' }), 'unknown');
  });

  test('no outage, where the stage still works off what has come in a batch', () => {
    const batch = times(4, (i) => flow(0, 100, 4_000 - 1_000 * i));
    assert.equal(causeOf(batch, { supply: 'dry' }), 'backlog');
  });

  const stale: Sample = { values: { freshness_seconds: 900 } };
  const scores = [strange('freshness_seconds')];
  const cases = {
    flows: 'stopped',
    origin: 'source-outage',
    dry: 'source-outage',
    held: 'unknown',
    unknown: 'unknown',
  };
  for (const [supply, cause] of Object.entries(cases))
    test(`a table that gets no rows is ${cause} where above is ${supply}`, () => {
      assert.equal(causeOf([stale], { supply: supply as Supply, scores, calm: [] }), cause);
    });
});

describe('seen directly', () => {
  const behind = flow(100, 80, 2_000);
  test('replay, from the commit that was set back until all of it is read again', () => {
    const reset = with_(behind, { rewound_records: 5_000 });
    assert.equal(causeOf([reset]), 'replay');
    assert.equal(causeOf([reset, behind, behind]), 'replay');
    assert.notEqual(causeOf([reset, flow(100, 300, 0), ...times(3, () => behind)]), 'replay');
  });
  test('bad-data: rows are lost, or the values of a field are spread as they never were', () => {
    const lost = with_(flow(100, 100, 5), { kept_ratio: 0.6 });
    assert.equal(causeOf([lost], { scores: [strange('kept_ratio')] }), 'bad-data');
    assert.equal(causeOf([flow(100, 100, 5)], { scores: [strange('amount', 'drift')] }), 'bad-data');
    assert.equal(causeOf([flow(100, 100, 0)], { scores: [strange('amount', 'limits')] }), 'unknown');
  });

  const parts = (lag: readonly number[], out: readonly number[], into = [25, 25, 25, 25]): Sample => ({
    ...behind,
    parts: { lag_records: lag, out_records_per_second: out, in_records_per_second: into },
  });
  const stuck = times(2, (i) => parts([1, 1, 250 * (i + 1), 1], [25, 25, 0, 25]));
  test('poison: one partition stands still while the others move', () => {
    assert.equal(causeOf(stuck), 'poison');
  });
  test('poison: a partition has not moved for long, though commits come too seldom to see it in two samples', () => {
    const seldom = (stuck: number) =>
      with_(parts([1, 1, 250, 1], [0, 30, 0, 30]), { stuck_partitions: stuck, partitions: 4 });
    assert.equal(causeOf([seldom(1)]), 'poison');
    assert.notEqual(causeOf([seldom(4)]), 'poison', 'all of them: then it is not the record');
  });
  test('slow, not poison: a partition waits for its turn where the others are behind as well', () => {
    const starves = times(9, (i) => parts([60 * i, 90 * i, 100 * i, 80 * i], [20, 10, 0, 15]));
    assert.equal(causeOf(starves), 'slow');
    assert.equal(causeOf(starves.map((one) => with_(one, { stuck_partitions: 1, partitions: 4 }))), 'slow');
  });
  test('poison: a record is given out again and again while others are done', () => {
    const scores = [strange('pending_deliveries', 'limits')];
    assert.equal(causeOf([with_(flow(100, 100, 40), { pending_deliveries: 6 })], { scores }), 'poison');
    assert.equal(
      causeOf(
        times(8, (i) => with_(flow(100, 0, 1_000 * (i + 1)), { pending_deliveries: 6 })),
        { scores },
      ),
      'stopped',
    );
  });
  test('not poison: a record is caught at work more often than it used to be', () => {
    const scores = [strange('pending_deliveries', 'baseline')];
    assert.notEqual(causeOf([with_(flow(100, 100, 40), { pending_deliveries: 1 })], { scores }), 'poison');
  });
  test('stopped at once, where the group has no members', () => {
    assert.equal(causeOf([with_(flow(100, 0, 1_000), { group_members: 0 })]), 'stopped');
    assert.notEqual(causeOf([with_(flow(100, 100, 5), { group_members: 1 })]), 'stopped');
  });
  test('hot: one partition gets far more than its share', () => {
    assert.equal(causeOf(times(2, () => parts([5, 900, 5, 5], [20, 40, 20, 20], [15, 70, 15, 15]))), 'hot');
  });
  test('not hot: a partition that stood still drains, and gets what the others get', () => {
    assert.notEqual(causeOf([...stuck, parts([1, 1, 400, 1], [25, 25, 120, 25])]), 'hot');
  });
});
