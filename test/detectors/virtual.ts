import { baseline } from '../../src/detectors/baseline/index.ts';
import type { SignalPlan, StagePlan } from '../../src/domain/plan.ts';
import type { Surprise } from '../../src/domain/score.ts';
import { emptySnapshot, type Gap, type Snapshot } from '../../src/domain/snapshot.ts';
import { DAY, type DurationMs, type EpochMs, HOUR, MINUTE } from '../../src/domain/time.ts';
import type { Detector } from '../../src/kit/component.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { signalPlan, stagePlan } from './stage-plan.ts';

export type Ready = Surprise & { readonly state: 'ready' };
export const MONDAY: EpochMs = Date.UTC(2026, 0, 5);

/** What is seen at a time; `undefined` is a gap. */
export type World = (at: EpochMs) => number | undefined;

/** Surprise from which the stand-in for the engine holds; about one false episode a week at one sample a minute. */
const HOLD_FROM = 9;
const RELEASE_BELOW = 4.5;
const CALM_SAMPLES = 5;

/**
 * One signal of one stage in virtual time, with the smallest stand-in for the engine: it holds from a surprise on until five calm
 * samples have passed, or while `lease` says so.
 */
export class Virtual {
  readonly detector: Detector;
  readonly stage: StagePlan;
  now: EpochMs = MONDAY;
  held = false;
  #calm = 0;

  constructor(of: { stage?: Partial<StagePlan>; signal?: Partial<SignalPlan>; holidays?: readonly EpochMs[] } = {}) {
    this.stage = stagePlan([signalPlan('rows', of.signal)], of.stage);
    this.detector = baseline.create(baseline.config.parse({}), {
      stage: this.stage,
      random: seededRandom(1),
      holidays: of.holidays ?? [],
    });
  }

  snapshot(value: number | undefined, at = this.now): Snapshot {
    const gap: Gap = { probe: '0', signals: ['rows'], code: 'timeout', message: 'no answer' };
    const empty = emptySnapshot(this.stage.id, at);
    return value === undefined ? { ...empty, gaps: [gap] } : { ...empty, values: new Map([['rows', value]]) };
  }

  look(value: number | undefined, at = this.now): Surprise {
    const [surprise] = this.detector.score(this.snapshot(value, at), at, []);
    if (!surprise) throw new Error('the detector said nothing');
    return surprise;
  }

  /** −ln p of a value now; fails where the detector is not ready. */
  surprise(value: number, at = this.now): number {
    return -Math.log(this.ready(value, at).pValue);
  }

  ready(value: number, at = this.now): Ready {
    const surprise = this.look(value, at);
    if (surprise.state !== 'ready') throw new Error(`not ready: ${JSON.stringify(surprise)}`);
    return surprise;
  }

  /** Lives through `length` of the world; answers with every −ln p (0 where it was not ready). */
  live(world: World, length: DurationMs, lease = false): number[] {
    const surprises: number[] = [];
    for (const end = this.now + length; this.now < end; this.now += this.stage.every) {
      const value = world(this.now);
      const said = this.look(value);
      const size = said.state === 'ready' ? -Math.log(said.pValue) : 0;
      surprises.push(size);
      if (size >= HOLD_FROM) this.held = true;
      this.#calm = size < RELEASE_BELOW && said.state === 'ready' ? this.#calm + 1 : 0;
      if (this.#calm >= CALM_SAMPLES) this.held = false;
      this.detector.advance(this.snapshot(value), this.now, () => (this.held || lease ? 'hold' : 'learn'));
    }
    return surprises;
  }
}

/** Rows a minute with a day, a week and lognormal noise that lasts for about half an hour. */
export function season(seed = 1, noise = 0.06): World {
  const random = seededRandom(seed);
  const stay = Math.exp(-MINUTE / (30 * MINUTE));
  let drift = 0;
  return (at) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    drift = stay * drift + Math.sqrt(1 - stay * stay) * normal;
    const weekday = Math.floor((at - MONDAY) / DAY) % 7;
    const day = 1 + 0.5 * Math.sin((2 * Math.PI * (at - 7 * HOUR)) / DAY);
    return 200 * day * (weekday >= 5 ? 0.7 : 1) * Math.exp(noise * drift);
  };
}

/** Normal noise around a level. */
export function noise(level: number, sd: number, seed = 1): World {
  const random = seededRandom(seed);
  return () => level + sd * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
