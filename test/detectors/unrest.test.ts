import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Unrest } from '../../src/detectors/baseline/unrest.ts';
import { DAY, HOUR } from '../../src/domain/time.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { noise, season, Virtual } from './virtual.ts';

const MEMORY = 10_000;
/** Past this a page goes out at about one false one a week. */
const PAGE = 9;

function living(samples: number, of: (random: () => number, k: number) => number = (random) => random()): Unrest {
  const random = seededRandom(5);
  const unrest = new Unrest(MEMORY);
  for (let k = 0; k < samples; k++) unrest.advance(of(random, k), 'learn');
  return unrest;
}

/** Surprise after so many samples more. */
function after(unrest: Unrest, samples: number, of: (random: () => number, k: number) => number): number {
  const random = seededRandom(6);
  for (let k = 0; k < samples; k++) unrest.advance(of(random, k), 'hold');
  return unrest.surprise(of(random, samples));
}

test('noise of twice the size is strange within two windows, stays so, and is over soon after it ends', () => {
  const unrest = living(5_000);
  assert.equal(
    after(unrest, 200, (random) => random()),
    0,
  );
  assert.ok(after(unrest, 120, (random) => 2 * random()) > PAGE);
  assert.ok(after(unrest, 5_000, (random) => 2 * random()) > PAGE);
  assert.equal(
    after(unrest, 120, (random) => random()),
    0,
  );
});

test('a leap, the way back, and less noise than usual are no unrest', () => {
  const unrest = living(5_000);
  assert.equal(
    after(unrest, 30, (random) => 1_000 + random()),
    0,
  );
  assert.equal(
    after(unrest, 60, (random) => random()),
    0,
  );
  assert.equal(
    after(unrest, 300, (random) => 0.1 * random()),
    0,
  );
});

test('the noisiest hour of the day is what it is measured against', () => {
  const busy = (random: () => number, k: number): number => (k % 1_440 < 240 ? 3 : 1) * random();
  const unrest = living(9_000, busy);
  assert.equal(after(unrest, 180, busy), 0);
  assert.equal(
    after(unrest, 200, (random) => 2 * random()),
    0,
  );
});

test('what was accepted is not strange again, and what was held teaches nothing', () => {
  const unrest = living(5_000);
  const twice = (random: () => number): number => 2 * random();
  assert.ok(after(unrest, 2_000, twice) > PAGE);
  after(unrest, 300, (random) => random());
  assert.ok(after(unrest, 120, twice) > PAGE);
  unrest.accept();
  assert.ok(after(unrest, 120, twice) < PAGE);
});

test('a constant says nothing', () => {
  assert.equal(living(5_000, () => 3).surprise(3), 0);
});

test('surprise is finite, whatever came before, and a saved one goes on as it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -700, max: 700 }), { minLength: 50, maxLength: 200 }),
      (values) => {
        const unrest = living(3_000);
        for (const value of values) unrest.advance(value, 'learn');
        const to = new NumberWriter();
        unrest.write(to);
        const again = new Unrest(MEMORY);
        again.read(new NumberReader(to.done()));
        for (const value of values) {
          const surprise = unrest.surprise(value);
          assert.equal(again.surprise(value), surprise);
          assert.ok(Number.isFinite(surprise) && surprise >= 0);
          unrest.advance(value, 'hold');
          again.advance(value, 'hold');
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('a signal that begins to move twice as much is found within three hours, and says so', () => {
  const virtual = new Virtual();
  virtual.live(season(), 15 * DAY);
  const restless = noise(1, 0.1);
  const usual = season();
  virtual.live((at) => (usual(at) as number) * (restless(at) as number), 3 * HOUR);
  const said = virtual.ready(virtual.ready(0).expected?.centre ?? 0);
  assert.ok(-Math.log(said.pValue) > PAGE);
  assert.ok(said.votes?.some(({ vote, surprise }) => vote === 'moves more than ever' && surprise > PAGE));
});

test('after a gap nobody knows the step', () => {
  const unrest = living(5_000);
  const before = unrest.surprise(0.5);
  unrest.interrupt();
  assert.equal(unrest.surprise(1e6), before);
});
