import type { Surprise, Vote } from '../../domain/score.ts';
import type { Signal } from '../../domain/signal.ts';
import { DecayedTail } from '../../stats/decayed-tail.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { ForestVote } from './forest-vote.ts';
import type { Settings, VoteName } from './settings.ts';
import type { Look, Shape } from './shape.ts';

/** How fast the smoothed distance follows: a joint shift lasts, one strange row is mostly noise. */
const FOLLOW = 0.2;
/** A distance below this share of the smoothed one is about something that has ended, and drains it faster. */
const ENDED = { share: 0.05, follow: 0.8 };
/** What each vote weighs in the sum of surprises; see the ablation in bench/README.md. */
const WEIGHT: Readonly<Record<VoteName, number>> = { distance: 1, forest: 0.25, signals: 0.25 };
/** As many of the most surprised signals speak in their vote. */
const MOST_SURPRISED = 3;
/** What is held still teaches the tails a little, so that a lasting fault does not stay a surprise of the first hour. */
const HELD_WEIGHT = 0;
/** As many samples of the normal law stand in for a past. */
const OUTER_PRIOR = 32;
const LEAST_P = 1e-300;

export interface Said {
  readonly pValue: number;
  readonly votes: readonly Vote[];
  /** What the filters take over in `advance`. */
  readonly distance: number;
  readonly forest: number | undefined;
  readonly signals: number | undefined;
  readonly fused: number;
}

/**
 * Joins the votes into one p-value. Each is first measured against its own past (−ln p, so that all speak one unit); the weighted sum is
 * measured against its own past again, so that the result is calibrated whatever the votes have in common.
 */
export class Fusion {
  readonly #votes: readonly VoteName[];
  readonly forest: ForestVote;
  readonly #distance: DecayedTail;
  readonly #signals: DecayedTail;
  readonly #outer: DecayedTail;
  #smooth = Number.NaN;

  constructor({ votes, rows, memory, seed }: Settings) {
    this.#votes = votes;
    this.forest = new ForestVote({ rows, memory, seed });
    this.#distance = new DecayedTail(memory);
    this.#signals = new DecayedTail(memory);
    this.#outer = new DecayedTail(memory, OUTER_PRIOR, 0);
  }

  /** Changes nothing. */
  say(shape: Shape, look: Look, before: readonly Surprise[]): Said {
    const distance = this.#followed(look.distance);
    const forest = this.#votes.includes('forest') ? this.forest.score(shape, look) : undefined;
    const signals = this.#votes.includes('signals') ? mostSurprised(before) : undefined;
    const votes: Vote[] = [];
    if (this.#votes.includes('distance'))
      votes.push({ vote: 'distance', surprise: this.#distance.surprise(Math.sqrt(distance)) });
    if (forest !== undefined) votes.push({ vote: 'forest', surprise: this.forest.surprise(forest) });
    if (signals !== undefined) votes.push({ vote: 'signals', surprise: this.#signals.surprise(signals) });
    const fused = votes.reduce((sum, { vote, surprise }) => sum + WEIGHT[vote as VoteName] * surprise, 0);
    const pValue = Math.max(LEAST_P, Math.exp(-this.#outer.surprise(fused)));
    return {
      pValue,
      votes: votes.sort((a, b) => b.surprise - a.surprise),
      distance,
      forest,
      signals,
      fused,
    };
  }

  #followed(distance: number): number {
    if (Number.isNaN(this.#smooth)) return distance;
    const rate = distance < ENDED.share * this.#smooth ? ENDED.follow : FOLLOW;
    return this.#smooth + rate * (distance - this.#smooth);
  }

  advance({ distance, forest, signals, fused }: Said, learn: boolean): void {
    const weight = learn ? 1 : HELD_WEIGHT;
    this.#smooth = distance;
    if (weight > 0) this.#distance.learn(Math.sqrt(distance), weight);
    if (forest !== undefined) this.forest.advance(forest, weight);
    if (signals !== undefined && weight > 0) this.#signals.learn(signals, weight);
    if (weight > 0) this.#outer.learn(fused, weight);
  }

  /** The filters begin anew; for when what they hold has just been declared normal. */
  settle(): void {
    this.#smooth = Number.NaN;
  }

  write(to: NumberWriter): void {
    to.number(this.#smooth);
    for (const tail of [this.#distance, this.#signals, this.#outer]) tail.write(to);
    this.forest.write(to);
  }

  read(from: NumberReader): void {
    this.#smooth = from.number();
    for (const tail of [this.#distance, this.#signals, this.#outer]) tail.read(from);
    this.forest.read(from);
  }
}

/** Mean −ln p of the signals that surprise most; `undefined` where no signal detector has spoken. */
function mostSurprised(before: readonly Surprise[]): number | undefined {
  const bySignal = new Map<Signal, number>();
  for (const one of before)
    if (one.state === 'ready')
      bySignal.set(one.subject, Math.max(bySignal.get(one.subject) ?? 0, -Math.log(one.pValue)));
  if (bySignal.size === 0) return undefined;
  const most = [...bySignal.values()].sort((a, b) => b - a).slice(0, MOST_SURPRISED);
  return most.reduce((sum, surprise) => sum + surprise / most.length, 0);
}
