import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { baseline } from '../../src/detectors/baseline/index.ts';
import { factOf } from '../../src/domain/evidence.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { detectorContract } from '../contracts/detector.ts';
import { signalPlan, stagePlan } from './stage-plan.ts';
import { MONDAY, noise, season, Virtual } from './virtual.ts';

detectorContract(baseline, {
  config: {},
  stage: stagePlan([signalPlan('lag_seconds', { direction: 'up' })]),
  signals: ['rows', 'lag_seconds', 'out_records_per_second'],
  warmSnapshots: 40,
  bytesPerSignal: 8_192,
});

const largest = (list: readonly number[]): number => list.reduce((a, b) => Math.max(a, b), 0);
/** Past this a page goes out at about one false one a week. */
const PAGE = 9;

test('counts honestly while it warms up', () => {
  const virtual = new Virtual();
  for (let seen = 0; seen < 30; seen++) {
    assert.deepEqual(virtual.look(100), {
      subject: 'orders.enrich/rows',
      detector: 'baseline',
      state: 'warming',
      seen,
      need: 30,
    });
    virtual.live(() => 100, MINUTE);
  }
  assert.equal(virtual.look(100).state, 'ready');
});

test('is ready for a demo within 30 s of samples a second, and then knows slow from normal', () => {
  const virtual = new Virtual({ stage: { every: SECOND, season: [4 * MINUTE] }, signal: { direction: 'up' } });
  virtual.live(noise(0.2, 0.03), 30 * SECOND);
  assert.ok(virtual.surprise(0.21) < 3);
  assert.ok(virtual.surprise(20) > PAGE, `${virtual.surprise(20)}`);
});

test('has a wide band before a season was seen, and a narrow one after', () => {
  const virtual = new Virtual();
  const width = (): number => {
    const { expected } = virtual.ready(200);
    assert.ok(expected);
    return (expected.upper - expected.lower) / expected.centre;
  };
  const world = season();
  virtual.live(world, 6 * HOUR);
  const young = width();
  virtual.live(world, 14 * DAY);
  assert.ok(young > 2 * width(), `${young} then ${width()}`);
  assert.ok(width() < 0.8);
});

test('stays quiet through two weeks of seasons, weekends included, after the first', () => {
  const virtual = new Virtual();
  const world = season(4);
  virtual.live(world, 7 * DAY);
  const surprises = virtual.live(world, 14 * DAY);
  const alarming = surprises.filter((surprise) => surprise >= PAGE).length;
  assert.ok(alarming <= 60, `${alarming} minutes of 20160`);
});

test('finds an outage, a near-outage and a doubling at once, at any time of day', () => {
  const virtual = new Virtual();
  const world = season(2);
  virtual.live(world, 15 * DAY);
  for (let hour = 0; hour < 24; hour += 4) {
    const { expected } = virtual.ready(1);
    assert.ok(expected);
    for (const factor of [0, 0.05, 2]) {
      const surprise = virtual.surprise(expected.centre * factor);
      assert.ok(surprise > PAGE, `${factor} times at hour ${hour}: ${surprise}`);
    }
    virtual.live(world, 4 * HOUR);
  }
});

test('knows the hour of the day: the noon value is strange at night', () => {
  const virtual = new Virtual();
  virtual.live(season(3), 8 * DAY);
  const noon = virtual.ready(1, virtual.now + 13 * HOUR).expected?.centre as number;
  assert.ok(virtual.surprise(noon, virtual.now + 13 * HOUR) < 1);
  assert.ok(virtual.surprise(noon, virtual.now + HOUR) > PAGE);
});

test('says that a band is of this hour where other hours are different, and only then', () => {
  const [daily, flat, quick] = [new Virtual(), new Virtual(), new Virtual({ stage: { season: [30 * MINUTE] } })];
  const ofHour = (virtual: Virtual): boolean => virtual.ready(200).expected?.seasonal === true;
  daily.live(season(3), 6 * HOUR);
  assert.equal(ofHour(daily), false, 'a day that was not seen yet');
  daily.live(season(3), 9 * DAY);
  flat.live(noise(200, 12), 9 * DAY);
  quick.live((at) => ((at / MINUTE) % 30 < 15 ? 100 : 300), DAY);
  assert.equal(ofHour(daily), true);
  assert.equal(ofHour(flat), false, 'no hour differs from another');
  assert.equal(ofHour(quick), false, 'half an hour is no time of day');
});

test('a sentence about a seasonal signal says the hour', () => {
  const virtual = new Virtual({ stage: { season: [DAY] } });
  virtual.live(season(3), 9 * DAY);
  const found = factOf({ ...virtual.ready(4_000), value: 2, ticketLine: 0.5 }, virtual.now);
  assert.match(found.text, /^rows 4,?000, usually \S+ to \S+ at this hour$/);
});

test('the score of a strange sample fades over the next ones, and p-values know nothing of it', () => {
  const virtual = new Virtual({ stage: { season: [] } });
  const world = noise(100, 5);
  virtual.live(world, 20 * HOUR);
  const calm = virtual.ready(100);
  virtual.live(() => 300, MINUTE);
  const after = virtual.ready(100);
  assert.ok((after.surprise as number) > 2 * (calm.surprise as number) + 2, `${calm.surprise} then ${after.surprise}`);
  assert.ok((after.surprise as number) > 2 - Math.log(after.pValue), `${after.surprise} and p ${after.pValue}`);
  virtual.live(world, 5 * MINUTE);
  const later = virtual.ready(100).surprise as number;
  assert.ok(later < (after.surprise as number) / 2, `${after.surprise} then ${later}`);
  virtual.live(world, 30 * MINUTE);
  assert.ok((virtual.ready(100).surprise as number) < 3);
  virtual.live(() => 300, MINUTE);
  virtual.live(() => undefined, 10 * MINUTE);
  assert.ok((virtual.ready(100).surprise as number) < 3, 'nothing is left after a gap');
});

test('looks only the way that is news', () => {
  for (const [direction, high, low] of [
    ['up', true, false],
    ['down', false, true],
    ['both', true, true],
  ] as const) {
    const virtual = new Virtual({ signal: { direction }, stage: { season: [] } });
    virtual.live(noise(100, 5), 10 * HOUR);
    assert.equal(virtual.surprise(200) > PAGE, high, `${direction} up`);
    assert.equal(virtual.surprise(10) > PAGE, low, `${direction} down`);
  }
});

test('does not make news of less than the minimum change', () => {
  const strict = new Virtual({ stage: { season: [] } });
  const calm = new Virtual({ stage: { season: [] }, signal: { minimumChange: { absolute: 0, relative: 0.5 } } });
  for (const virtual of [strict, calm]) virtual.live(noise(100, 1), 10 * HOUR);
  assert.ok(strict.surprise(140) > PAGE);
  assert.equal(calm.ready(140).pValue, 1);
  assert.ok((calm.ready(140).expected?.upper as number) >= 149);
  assert.ok(calm.surprise(160) > PAGE);
});

test('a constant stays silent, and its move is surprising but not beyond measure', () => {
  for (const level of [0, 3, 100, 1e9, -40]) {
    const virtual = new Virtual({ stage: { season: [] } });
    assert.ok(largest(virtual.live(() => level, 20 * HOUR)) < 1, `${level}`);
    const moved = virtual.surprise(level === 0 ? 50 : level * 1.5);
    assert.ok(moved > PAGE && moved < 200, `${level}: ${moved}`);
  }
});

test('learns odd series without crying all day', () => {
  const random = seededRandom(7);
  const minute = (at: number): number => Math.floor((at - MONDAY) / MINUTE);
  const worlds: Record<string, (at: number) => number> = {
    ramp: (at) => 100 + minute(at) / 100,
    counter: (at) => 1_000 * minute(at),
    sawtooth: (at) => 10 * (minute(at) % 1_440),
    mostlyZero: () => (random() < 0.03 ? 10 * random() : 0),
    heavy: () => (1 - random()) ** (-1 / 2.5),
    square: (at) => (minute(at) % 1_440 < 540 ? 20 : 80) * (1 + 0.04 * random()),
    smallCounts: () => Math.floor(-3 * Math.log(1 - random())),
    negative: () => -50 + 5 * random(),
  };
  for (const [name, world] of Object.entries(worlds)) {
    const virtual = new Virtual();
    virtual.live(world, 14 * DAY);
    const surprises = virtual.live(world, 7 * DAY);
    assert.ok(surprises.every(Number.isFinite), name);
    const share = surprises.filter((surprise) => surprise >= PAGE).length / surprises.length;
    assert.ok(share < 0.01, `${name}: ${share}`);
  }
});

test('expects nothing below zero of a signal that never was', () => {
  const random = seededRandom(2);
  const lag = new Virtual({ stage: { season: [] } });
  lag.live(() => Math.floor(4 * random()), DAY);
  assert.equal(lag.ready(1).expected?.lower, 0);
  const both = new Virtual({ stage: { season: [] } });
  both.live(noise(0, 5), DAY);
  assert.ok((both.ready(1).expected?.lower as number) < -5);
});

test('is blind in a gap and raises no alarm after it', () => {
  const virtual = new Virtual();
  const world = season(6);
  virtual.live(world, 15 * DAY);
  virtual.live(() => undefined, 6 * HOUR);
  assert.deepEqual(virtual.look(undefined), {
    subject: 'orders.enrich/rows',
    detector: 'baseline',
    state: 'blind',
    missing: ['rows'],
  });
  assert.ok(largest(virtual.live(world, 2 * HOUR)) < PAGE);
});

test('takes irregular samples as they come', () => {
  const virtual = new Virtual();
  const world = season(9);
  const random = seededRandom(9);
  virtual.live((at) => (random() < 0.4 ? undefined : world(at)), 15 * DAY);
  const surprises = virtual.live((at) => (random() < 0.4 ? undefined : world(at)), 2 * DAY);
  assert.ok(surprises.filter((surprise) => surprise >= PAGE).length < 20);
  assert.ok(virtual.surprise(0) > PAGE);
});

test('forgets nothing when the clock runs back an hour', () => {
  const virtual = new Virtual();
  const world = season(5);
  virtual.live(world, 15 * DAY);
  virtual.now -= HOUR;
  assert.ok(largest(virtual.live(world, 3 * HOUR)) < PAGE);
  assert.ok(virtual.surprise(0) > PAGE);
});

test('widens on a holiday and learns nothing of it', () => {
  const holiday = MONDAY + 15 * DAY;
  const [told, untold] = [new Virtual({ holidays: [holiday] }), new Virtual()];
  for (const virtual of [told, untold]) virtual.live(season(8), 15 * DAY);
  assert.equal(told.now, holiday);
  const half = (told.ready(1).expected?.centre as number) / 2;
  assert.ok(untold.surprise(half) > PAGE);
  assert.ok(told.surprise(half) < 7);
  assert.ok(told.surprise(0) > 7);
  const before = told.ready(1, holiday + 8 * DAY).expected;
  told.live(() => half, DAY - MINUTE);
  const after = told.ready(1, holiday + 8 * DAY).expected;
  assert.deepEqual(after, before);
});

test('says nothing of a signal whose learned detectors are switched off', () => {
  const virtual = new Virtual({ signal: { detect: false } });
  assert.deepEqual(virtual.detector.score(virtual.snapshot(1), virtual.now, []), []);
  assert.deepEqual(virtual.detector.score(virtual.snapshot(undefined), virtual.now, []), []);
});

test('names a signal of a failed probe as blind before it was ever seen', () => {
  assert.equal(new Virtual().look(undefined).state, 'blind');
});

test('refuses the state of another season or interval', () => {
  const virtual = new Virtual();
  virtual.live(season(), 2 * HOUR);
  const bytes = virtual.detector.save();
  assert.equal(new Virtual().detector.restore(bytes), true);
  assert.equal(new Virtual({ stage: { season: [DAY] } }).detector.restore(bytes), false);
  assert.equal(new Virtual({ stage: { every: 10 * SECOND } }).detector.restore(bytes), false);
});

/** The tails of some votes end before those of others do: far beyond a page their mean gives way by so much, and rises again. */
const GIVES_WAY = 0.04;

test('what is farther from anything that was ever seen is never less surprising', () => {
  const virtual = new Virtual();
  virtual.live(season(4), 9 * DAY);
  const distance = fc.double({ min: 1, max: 50, noNaN: true });
  fc.assert(
    fc.property(distance, distance, fc.boolean(), (a, b, isUp) => {
      const [near, far] = [Math.min(a, b), Math.max(a, b)];
      const valueAt = (times: number): number => (isUp ? 400 * times : 20 - 400 * (times - 1));
      assert.ok(
        virtual.surprise(valueAt(far)) >= (1 - GIVES_WAY) * virtual.surprise(valueAt(near)),
        `${near} and ${far}, ${isUp}`,
      );
    }),
    { numRuns: 300 },
  );
});

test('the night in which an hour is left out, and the one in which it comes twice, are taken for what they are within days', () => {
  // What people do by the clock of Berlin: 29 March 2026 has no hour from 2 to 3, 25 October has two.
  const berlin = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: 'numeric', hourCycle: 'h23' });
  for (const change of [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)]) {
    const random = seededRandom(12);
    const world = (at: number): number => {
      const ahead = (Number(berlin.format(at)) - new Date(at).getUTCHours() + 24) % 24;
      const local = at + ahead * HOUR;
      return 300 * (1 + 0.5 * Math.sin((2 * Math.PI * local) / DAY)) * (0.95 + 0.1 * random());
    };
    const virtual = new Virtual({ stage: { every: 5 * MINUTE } });
    virtual.now = change - 21 * DAY;
    virtual.live(world, 21 * DAY);
    const days = [0, 1, 2, 3, 4, 5, 6].map(() => virtual.live(world, DAY).filter((one) => one > PAGE).length);
    assert.ok(
      days.slice(3).every((count) => count === 0),
      `samples past a page by day after the change: ${days}`,
    );
    assert.ok(virtual.surprise(0) > PAGE);
  }
});
