import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drift } from '../../src/detectors/drift/index.ts';
import type { Random } from '../../src/domain/ports.ts';
import type { Profile } from '../../src/domain/profile.ts';
import type { Surprise } from '../../src/domain/score.ts';
import { emptySnapshot, type Snapshot } from '../../src/domain/snapshot.ts';
import { subjectOf } from '../../src/domain/subject.ts';
import { DAY, HOUR, MINUTE } from '../../src/domain/time.ts';
import type { Detector } from '../../src/kit/component.ts';
import { quantiles } from '../../src/stats/quantile.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { detectorContract } from '../contracts/detector.ts';
import { stagePlan } from './stage-plan.ts';

const START = Date.UTC(2026, 0, 5);
const GRID = Array.from({ length: 101 }, (_, i) => i / 100);
const STAGE = stagePlan([], { every: HOUR, season: [DAY] });

const window = (field: string, at: number): Omit<Profile, 'kind' | 'rows'> => ({
  field,
  from: at - HOUR,
  to: at,
  nulls: 0,
  exact: true,
});

function numbers(field: string, at: number, values: readonly number[], nulls = 0): Profile {
  const found = quantiles(values, GRID).map((value, i): [number, number] => [GRID[i] as number, value]);
  const rows = values.length + nulls;
  return { ...window(field, at), kind: 'number', rows, nulls, ...(values.length > 0 && { quantiles: found }) };
}

const categories = (field: string, at: number, counts: Record<string, number>): Profile => ({
  ...window(field, at),
  kind: 'category',
  rows: Object.values(counts).reduce((sum, count) => sum + count, 0),
  top: Object.entries(counts).sort((a, b) => b[1] - a[1]),
});

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const sample = (random: Random, rows: number, mean = 0, sd = 1): number[] =>
  Array.from({ length: rows }, () => mean + sd * normal(random));

detectorContract(drift, {
  config: {},
  stage: STAGE,
  signals: ['amount', 'fee'],
  warmSnapshots: 30,
  bytesPerSignal: 16_384,
  dress: ({ values, ...snapshot }): Snapshot => ({
    ...snapshot,
    values: new Map(),
    profiles: new Map(
      [...values].map(([field, x], k) => {
        const spread = GRID.map((share): [number, number] => [share, x * (0.5 + 0.5 * share)]).sort(
          (a, b) => a[1] - b[1],
        );
        const quantile = spread.map(([, value], i): [number, number] => [GRID[i] as number, value]);
        return [field, { ...window(field, snapshot.at), kind: 'number', rows: 500 + k, quantiles: quantile }];
      }),
    ),
  }),
});

/** One field of one stage, an hour at a time. */
function fieldOf(make: (at: number, hour: number) => Profile, config: object = {}) {
  const detector: Detector = drift.create(drift.config.parse(config), {
    stage: STAGE,
    random: seededRandom(1),
    holidays: [],
  });
  let hour = 0;
  const look = (profile: Profile, how: 'learn' | 'hold' = 'learn'): Surprise | undefined => {
    const snapshot = { ...emptySnapshot(STAGE.id, profile.to), profiles: new Map([[profile.field, profile]]) };
    const [surprise] = detector.score(snapshot, profile.to, []);
    detector.advance(snapshot, profile.to, () => how);
    return surprise;
  };
  return {
    detector,
    look,
    live: (hours: number) => Array.from({ length: hours }, () => look(make(START + ++hour * HOUR, hour))),
    next: (of: (at: number) => Profile, how?: 'learn' | 'hold') => look(of(START + ++hour * HOUR), how),
  };
}

const surpriseOf = (said: Surprise | undefined): number =>
  said?.state === 'ready' ? Math.abs(Math.log(said.pValue)) : Number.NaN;

test('finds amounts that moved by half a spread, and says nothing of a fiftieth in a large table', () => {
  const random = seededRandom(2);
  const { live, next } = fieldOf((at) => numbers('amount', at, sample(random, 2_000)));
  live(30);
  assert.equal(surpriseOf(next((at) => numbers('amount', at, sample(random, 20_000, 0.02)))), 0);
  assert.ok(surpriseOf(next((at) => numbers('amount', at, sample(random, 2_000, 0.5)))) > 12);
});

test('finds a change of spread around the same middle', () => {
  const random = seededRandom(3);
  const { live, next } = fieldOf((at) => numbers('amount', at, sample(random, 2_000)));
  live(30);
  assert.ok(surpriseOf(next((at) => numbers('amount', at, sample(random, 2_000, 0, 1.8)))) > 12);
});

test('finds a category that takes over, and one that was never there', () => {
  const random = seededRandom(4);
  const usual = (): Record<string, number> => ({ DE: 500 + 40 * random(), FR: 300 + 30 * random(), NL: 80, XX: 2 });
  for (const counts of [
    { DE: 250, FR: 600, NL: 80 },
    { DE: 400, FR: 250, NL: 60, '??': 200 },
  ]) {
    const { live, next } = fieldOf((at) => categories('country', at, usual()));
    live(30);
    assert.ok(surpriseOf(next((at) => categories('country', at, counts))) > 12, JSON.stringify(counts));
  }
});

test('finds values that turn into nulls, also when none is left', () => {
  const random = seededRandom(5);
  for (const rows of [700, 0]) {
    const { live, next } = fieldOf((at) => numbers('amount', at, sample(random, 990), 10));
    live(30);
    const surprise = surpriseOf(next((at) => numbers('amount', at, sample(random, rows), 1_000 - rows)));
    assert.ok(surprise > 12, `${rows} rows with a value: ${surprise}`);
  }
});

test('is blind below 30 rows, and warms up until it has its windows', () => {
  const random = seededRandom(6);
  const { live, next } = fieldOf((at) => numbers('amount', at, sample(random, 200)));
  const subject = subjectOf(STAGE.id, 'amount');
  assert.deepEqual(
    live(4).map((said) => said?.state),
    ['warming', 'warming', 'warming', 'ready'],
  );
  const few = next((at) => numbers('amount', at, sample(random, 29, 50)));
  assert.deepEqual(few, { subject, detector: 'drift', state: 'blind', missing: ['30 rows'] });
});

test('compares with the same hour of other days once there are three of them', () => {
  const random = seededRandom(7);
  const mean = (hour: number): number => (hour % 24 < 12 ? 0 : 2);
  const { live, next } = fieldOf((at, hour) => numbers('amount', at, sample(random, 500, mean(hour))));
  live(24 * 5);
  assert.ok(live(24).every((said) => surpriseOf(said) < 5));
  // At this hour the mean was always 0; four hours before it was 2.
  assert.ok(surpriseOf(next((at) => numbers('amount', at, sample(random, 500, 2)))) > 4);
});

test('rows that hang together do not make false alarms: it knows how far past windows were apart', () => {
  const random = seededRandom(8);
  // The mean of each window wanders, as it does where rows of one batch are alike.
  const { live } = fieldOf((at) => numbers('amount', at, sample(random, 1_000, 0.4 * normal(random))));
  live(24 * 7);
  const loud = live(24 * 14).filter((said) => surpriseOf(said) > 9).length;
  assert.ok(loud <= 2, `${loud} of 336 windows`);
});

test('takes a window in once, though it is shown at many snapshots', () => {
  const random = seededRandom(9);
  const { detector, look, live } = fieldOf((at) => numbers('amount', at, sample(random, 500)));
  live(5);
  const profile = numbers('amount', START + 6 * HOUR, sample(random, 500));
  look(profile);
  const once = detector.save();
  look({ ...profile });
  look({ ...profile, from: profile.from + 5 * MINUTE, to: profile.to + 5 * MINUTE });
  assert.deepEqual(detector.save(), once);
});

test('learns nothing while it is held, and starts from what is accepted', () => {
  const random = seededRandom(10);
  const { detector, live, next } = fieldOf((at) => numbers('amount', at, sample(random, 1_000)));
  live(30);
  const shifted = (at: number): Profile => numbers('amount', at, sample(random, 1_000, 3));
  for (let i = 0; i < 40; i++) assert.ok(surpriseOf(next(shifted, 'hold')) > 9, `after ${i} hours`);
  detector.accept(subjectOf(STAGE.id, 'amount'), START);
  assert.ok(surpriseOf(next(shifted)) < 5);
  assert.ok(surpriseOf(next((at) => numbers('amount', at, sample(random, 1_000)))) > 9);
});

test('passes over times and vectors', () => {
  const { next } = fieldOf((at) => numbers('amount', at, []));
  assert.equal(
    next((at) => ({ ...numbers('created_at', at, [1, 2, 3]), kind: 'time' })),
    undefined,
  );
});

test('says what was compared with what, for people and for charts', () => {
  const random = seededRandom(9);
  const { live, next } = fieldOf((at) => numbers('amount', at, sample(random, 1_000, 50, 5)));
  live(10);
  const said = next((at) => numbers('amount', at, sample(random, 1_000, 60, 5)));
  assert.ok(said?.state === 'ready' && said.drift);
  const { drift: found } = said;
  assert.equal(found.test, 'mann-whitney');
  assert.match(found.moved, /^median (49|50)\S* → (59|60)/);
  assert.ok(found.effect - found.effectNull > 1 && found.line === 0.03 && found.adjustedP < 1e-6);
  assert.deepEqual([found.nRef, found.nCur, found.reference.rows], [8_000, 1_000, 8_000]);
  const median = found.reference.quantiles?.find(([share]) => share === 0.5)?.[1] ?? Number.NaN;
  assert.ok(Math.abs(median - 50) < 0.5, `${median}`);
});

test('numbers of which there are few, such as quantities, are no news while they stay as they are, and are when they move', () => {
  const random = seededRandom(11);
  const pieces = (most: number): number[] => Array.from({ length: 1_000 }, () => 1 + Math.floor(random() * most));
  const { live, next, detector } = fieldOf((at) => numbers('quantity', at, pieces(5)));
  const excess = live(60).map((said) =>
    said?.state === 'ready' && said.drift ? said.drift.effect - said.drift.effectNull : 0,
  );
  assert.ok(Math.max(...excess) < 0.02, `effects up to ${Math.max(...excess).toFixed(3)}`);
  const again = fieldOf((at) => numbers('quantity', at, pieces(5))).detector;
  assert.ok(again.restore(detector.save()));
  assert.deepEqual(again.save(), detector.save());
  assert.ok(surpriseOf(next((at) => numbers('quantity', at, pieces(6)))) > 12);
});
