import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND, WEEK } from '../../src/domain/time.ts';
import { CLOSE_SAMPLES, EpisodeLine } from '../../src/engine/budget.ts';
import { seededRandom } from '../../src/stats/random.ts';

test('without a past the line follows from the grain: fewer samples a week allow a looser line', () => {
  const perWeek = (grain: number) => new EpisodeLine(grain).lnLine(1);
  assert.ok(perWeek(10 * SECOND) < perWeek(MINUTE));
  assert.ok(perWeek(MINUTE) < perWeek(HOUR));
  // One page a week at one sample a minute: 10,080 samples, two samples a false episode.
  assert.ok(Math.abs(perWeek(MINUTE) - Math.log(2 / 10_080)) < 0.1);
});

test('a smaller budget never draws a looser line', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 50, noNaN: true }),
      fc.double({ min: 1.1, max: 10, noNaN: true }),
      fc.nat(1_000),
      (budget, more, seed) => {
        const line = new EpisodeLine(MINUTE);
        const random = seededRandom(seed);
        for (let i = 0; i < 500; i++) line.count(Math.max(1e-300, random() ** 3), MINUTE);
        assert.ok(line.lnLine(budget) <= line.lnLine(budget * more) + 1e-12);
      },
    ),
  );
});

test('after four weeks the line opens the budgeted number of episodes on the past, also for a tail that is not calibrated', () => {
  const random = seededRandom(7);
  const line = new EpisodeLine(MINUTE);
  const past: number[] = [];
  for (let i = 0; i < (6 * WEEK) / MINUTE; i++) {
    // p-values that are far too small far too often: the detector's tail is wrong by a power.
    const p = Math.max(1e-300, random() ** 2.5);
    past.push(p);
    line.count(p, MINUTE);
  }
  const wanted = 2;
  const ln = line.lnLine(wanted);
  let open = false;
  let quiet = 0;
  let episodes = 0;
  for (const p of past) {
    if (Math.log(p) <= ln) {
      if (!open) episodes++;
      open = true;
      quiet = 0;
    } else if (Math.log(p) <= ln / 2) quiet = 0;
    else if (open && ++quiet >= CLOSE_SAMPLES) open = false;
  }
  const perWeek = episodes / 6;
  assert.ok(perWeek > 0.8 * wanted && perWeek < 1.3 * wanted, `${perWeek} episodes a week`);
});

test('an episode that never closes counts once', () => {
  const line = new EpisodeLine(MINUTE);
  for (let i = 0; i < (5 * WEEK) / MINUTE; i++) line.count(i < 100 ? 0.5 : 1e-9, MINUTE);
  // One episode in five weeks is within a budget of one a week, so the line stays near the loosest.
  assert.ok(line.lnLine(1) > Math.log(1e-3));
});

test('a restored ladder draws the same lines', () => {
  const random = seededRandom(3);
  const one = new EpisodeLine(MINUTE);
  for (let i = 0; i < 5_000; i++) one.count(random() ** 2, MINUTE);
  const two = new EpisodeLine(MINUTE);
  assert.equal(two.restore(one.save()), true);
  for (const budget of [0.1, 1, 7]) assert.equal(two.lnLine(budget), one.lnLine(budget));
  assert.equal(two.restore(new Float64Array(3)), false);
});

test('an episode of a coarse grain closes within two hours, or two samples, and costs as many hours as that takes', () => {
  const of = (grain: number) => new EpisodeLine(grain);
  assert.deepEqual(
    [10 * SECOND, MINUTE, 5 * MINUTE, HOUR, DAY].map((grain) => of(grain).closesAfter),
    [5, 5, 5, 2, 2],
  );
  assert.deepEqual(
    [10 * SECOND, MINUTE, 5 * MINUTE, HOUR].map((grain) => of(grain).countsAs),
    [1.5, 1.5, 1.5, 3],
  );
});
