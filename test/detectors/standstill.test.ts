import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Standstill } from '../../src/detectors/baseline/standstill.ts';
import { DAY, HOUR, MINUTE } from '../../src/domain/time.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { noise, season, Virtual } from './virtual.ts';

const MEMORY = 10_000;
/** Past this a page goes out at about one false one a week. */
const PAGE = 9;

function living(samples: number, of: (random: () => number) => number = (random) => random()): Standstill {
  const random = seededRandom(5);
  const still = new Standstill(MEMORY);
  for (let k = 0; k < samples; k++) still.advance(of(random), 'learn');
  return still;
}

/** Surprise of the last of so many equal samples. */
function afterRun(still: Standstill, length: number, how: 'learn' | 'hold' = 'hold'): number {
  for (let k = 0; k < length; k++) still.advance(7, how);
  return still.surprise(7);
}

test('a signal that moves and then stands still is strange within ten samples, to the last of them and not after it', () => {
  const still = living(5_000);
  assert.equal(still.surprise(7), 0);
  assert.equal(afterRun(still, 4), 0);
  assert.ok(afterRun(still, 6) > PAGE);
  assert.ok(afterRun(still, 10_000) > PAGE);
  assert.equal(still.surprise(8), 0);
});

test('runs that were seen are compared with the longest of them', () => {
  const rounded = living(5_000, (random) => Math.floor(random() ** 3 * 4));
  assert.ok(afterRun(rounded, 12) < PAGE, 'of 5,000 samples in four values a run of twelve is nothing');
  assert.ok(afterRun(rounded, 200) > PAGE);
});

test('a constant, a counter that is seldom moved and a signal that is mostly zero never stand still too long', () => {
  assert.equal(living(5_000, () => 3).surprise(3), 0);
  assert.equal(
    afterRun(
      living(5_000, (random) => (random() < 0.03 ? 1 : 0)),
      1_000,
      'learn',
    ),
    0,
  );
});

test('one that was held and ended teaches a little, one that was accepted teaches all', () => {
  const still = living(5_000);
  afterRun(still, 1_000);
  still.advance(1, 'learn');
  assert.ok(afterRun(still, 40) > PAGE);
  still.accept();
  still.advance(1, 'learn');
  assert.ok(afterRun(still, 40) < PAGE);
});

test('what is remembered is forgotten after two memories', () => {
  const still = living(5_000);
  afterRun(still, 100, 'learn');
  const random = seededRandom(6);
  for (let k = 0; k < 3 * MEMORY; k++) still.advance(random(), 'learn');
  assert.ok(afterRun(still, 20) > PAGE);
});

test('surprise is finite and grows with the run, whatever came before, and a saved one goes on as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 400, maxLength: 600 }), (values) => {
      const still = new Standstill(MEMORY);
      for (const value of values) still.advance(value, 'learn');
      const to = new NumberWriter();
      still.write(to);
      const again = new Standstill(MEMORY);
      again.read(new NumberReader(to.done()));
      let last = 0;
      for (let k = 0; k < 300; k++) {
        const surprise = still.surprise(9);
        assert.equal(again.surprise(9), surprise);
        assert.ok(Number.isFinite(surprise) && surprise >= last);
        last = surprise;
        still.advance(9, 'hold');
        again.advance(9, 'hold');
      }
    }),
    { numRuns: 30 },
  );
});

test('a meter that is stuck where the signal is usual is found within the hour, says so, and is let go with the first sample that moves', () => {
  const virtual = new Virtual();
  virtual.live(season(), 15 * DAY);
  const level = virtual.ready(0).expected?.centre ?? 0;
  virtual.live(() => level, HOUR);
  const stuck = virtual.ready(level);
  assert.ok(-Math.log(stuck.pValue) > PAGE);
  assert.equal(stuck.votes?.[0]?.vote, 'stands still');
  assert.ok(virtual.ready(level * 1.001).votes?.every(({ vote }) => vote !== 'stands still'));
});

test('after a gap nobody knows whether it stood still', () => {
  const virtual = new Virtual();
  virtual.live(noise(100, 0.05), 15 * DAY);
  virtual.live(() => 100, 8 * MINUTE);
  virtual.live(() => undefined, HOUR);
  assert.ok(virtual.ready(100).votes?.every(({ vote }) => vote !== 'stands still'));
});
