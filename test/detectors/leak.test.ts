import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Leak } from '../../src/detectors/baseline/leak.ts';
import { settingsOf } from '../../src/detectors/baseline/settings.ts';
import { TUNING } from '../../src/detectors/baseline/tuning.ts';
import type { Direction } from '../../src/domain/signal.ts';
import { DAY, HOUR, MINUTE, WEEK } from '../../src/domain/time.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { stagePlan } from './stage-plan.ts';
import { MONDAY } from './virtual.ts';

const EVERY = 5 * MINUTE;
/** Past this a page goes out at about one false one a week, at a sample every five minutes. */
const PAGE = Math.log(WEEK / EVERY);

const settings = settingsOf(
  { warmup: 30, coverage: 0.99, spread_floor: 0.005 },
  stagePlan([], { every: EVERY, season: [DAY, WEEK] }),
  TUNING,
);

/** One signal on the scale of the model, in a time of its own. */
class Life {
  readonly leak = new Leak(settings);
  readonly #random = seededRandom(3);
  now = MONDAY;
  #noise = 0;

  normal(): number {
    const wave = Math.sin((2 * Math.PI * (this.now % DAY)) / DAY);
    const weekend = Math.floor((this.now - MONDAY) / DAY) % 7 >= 5 ? -0.3 : 0;
    this.#noise = 0.85 * this.#noise + 0.02 * (this.#random() + this.#random() + this.#random() - 1.5);
    return 3 + 0.5 * wave + weekend + this.#noise;
  }

  /** Lives for so long; answers with every surprise. */
  live(length: number, change: (hours: number) => number = () => 0, direction: Direction = 'both'): number[] {
    const start = this.now;
    const said: number[] = [];
    for (; this.now < start + length; this.now += EVERY) {
      said.push(this.leak.surprise(this.now, direction));
      this.leak.advance(this.normal() + change((this.now - start) / HOUR), this.now, 1, true);
    }
    return said;
  }
}

const highest = (said: readonly number[]): number => Math.max(...said);
const creeping = (hours: number): number => 0.01 * hours;

test('a leak of one per cent an hour is found within twelve hours, up and down, for those who want to know', () => {
  for (const [sign, direction] of [
    [1, 'both'],
    [-1, 'both'],
    [1, 'up'],
    [-1, 'down'],
  ] as const) {
    const life = new Life();
    life.live(3 * WEEK + 10 * HOUR);
    assert.ok(
      highest(life.live(12 * HOUR, (hours) => sign * creeping(hours), direction)) > PAGE,
      `${sign} ${direction}`,
    );
  }
  const life = new Life();
  life.live(3 * WEEK + 10 * HOUR);
  assert.equal(highest(life.live(12 * HOUR, creeping, 'down')), 0);
});

test('what is said is said for less than half an hour, and a few times in a day of leaking', () => {
  const life = new Life();
  life.live(3 * WEEK + 10 * HOUR);
  const said = life.live(DAY, creeping);
  const loud = said.filter((surprise) => surprise > PAGE).length;
  assert.ok(loud > 0 && loud <= (10 * 20 * MINUTE) / EVERY, `${loud}`);
});

test('weeks of season and noise are no leak, and nothing is said in the first two', () => {
  const life = new Life();
  assert.equal(highest(life.live(2 * WEEK)), 0);
  const said = life.live(8 * WEEK);
  const onsets = said.filter((surprise, k) => surprise > PAGE && !((said[k - 1] as number) > PAGE)).length;
  assert.ok(onsets <= 8, `${onsets} in eight weeks`);
});

test('a leap is no leak, and neither is what comes after an episode of other votes', () => {
  const leapt = new Life();
  leapt.live(3 * WEEK + 10 * HOUR);
  assert.equal(highest(leapt.live(12 * HOUR, () => 0.4)), 0);
  const told = new Life();
  told.live(3 * WEEK + 10 * HOUR);
  told.leak.interrupt();
  assert.equal(highest(told.live(11 * HOUR, creeping)), 0);
});

test('hours that nobody saw say nothing', () => {
  const life = new Life();
  life.live(3 * WEEK + 10 * HOUR);
  life.now += 6 * HOUR;
  assert.equal(highest(life.live(2 * HOUR, () => 0.1)), 0);
});

test('without a season of a day there is nothing to creep away from', () => {
  const leak = new Leak({ ...settings, seasons: [] });
  leak.advance(3, MONDAY, 1, true);
  leak.accept(1);
  assert.equal(leak.surprise(MONDAY, 'both'), 0);
});

test('a saved one goes on as it was', () => {
  const life = new Life();
  life.live(3 * WEEK + 10 * HOUR);
  life.live(9 * HOUR, creeping);
  const to = new NumberWriter();
  life.leak.write(to);
  const again = new Leak(settings);
  again.read(new NumberReader(to.done()));
  let said = 0;
  for (let k = 0; k < 200; k++, life.now += EVERY) {
    const surprise = life.leak.surprise(life.now, 'both');
    assert.equal(again.surprise(life.now, 'both'), surprise);
    said += surprise;
    const y = life.normal() + 0.1;
    life.leak.advance(y, life.now, 1, true);
    again.advance(y, life.now, 1, true);
  }
  assert.ok(said > 0);
});
