import type { Surprise, Vote } from '../../domain/score.ts';
import { DecayedTail } from '../../stats/decayed-tail.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { SurpriseScale } from '../../stats/surprise-scale.ts';
import { ForestVote } from './forest-vote.ts';
import type { Settings, VoteName } from './settings.ts';
import type { Look, Shape } from './shape.ts';

/** How fast the smoothed distance follows: a joint shift lasts, one strange row is mostly noise. */
const FOLLOW = 0.2;
/** A distance below this share of the smoothed one says that an episode is over. */
const ECHO_SHARE = 0.05;
/**
 * Of what was strange a part still glows in the order of samples, and fades by so much with each: people label an episode to its end,
 * with the rows between its strange ones. Only a part, so that what has just come stands above what is left of something as strange.
 * See ADR 24.
 */
const AFTERGLOW = { part: 0.5, keeps: 0.97 };
/** What each vote weighs in the mean of surprises; see the ablation in bench/README.md. */
const WEIGHT: Readonly<Record<VoteName, number>> = { distance: 1, forest: 0.25, signals: 0.25 };
/** As many of the most surprised signals speak in their vote. */
const MOST_SURPRISED = 3;
/** The mean of a stage without a past, as that of the votes of a signal: dependent surprises are lighter in the mean than one. */
const FUSED_PRIOR = { scale: 0.6, excess: 0.8 };
/**
 * So much of its memory a hold teaches the scale of the mean: half of what lies above its quantile, so that a fault is a surprise to
 * its end, and what returns day by day is not.
 */
const HELD_SHARE = 0.01;
/** Leaks back so many times faster while it learns. */
const LEAK = 2;
const LEAST_P = 1e-300;

type Ready = Surprise & { readonly state: 'ready' };
interface NamedVote {
  readonly vote: VoteName;
  readonly surprise: number;
}

export interface Said {
  readonly pValue: number;
  readonly votes: readonly Vote[];
  /** Mean surprise of the votes with what glows of those before. Orders samples. */
  readonly surprise: number;
  /** The mean alone, which is what the scale learns. */
  readonly mean: number;
  /** True where the filters hold little but what is over; such a row is nobody's past. */
  readonly isEcho: boolean;
  /** What the filters take over in `advance`. */
  readonly distance: number;
  readonly forest: number | undefined;
}

/**
 * Joins the votes into one p-value. Each is −ln p under its own past, so that all speak one unit; their weighted mean is measured
 * against its own past again, so that the p-value is calibrated whatever the votes have in common. The mean itself orders samples: what it
 * rests on stands still on hold. Its scale must not: rows that were strange enough to be held are the tail that it has to know, and
 * a scale that never hears of them is sure of itself anew every day (test/engine/whole.test.ts).
 */
export class Fusion {
  readonly #votes: readonly VoteName[];
  readonly forest: ForestVote;
  readonly #distance: DecayedTail;
  readonly #scale: SurpriseScale;
  readonly #mostHeld: number;
  /** Snapshots of the present hold, leaking back afterwards. */
  #held = 0;
  #smooth = Number.NaN;
  /** The largest mean of late, less what it has faded by. */
  #glow = 0;

  constructor({ votes, rows, memory, seed }: Settings) {
    this.#votes = votes;
    this.forest = new ForestVote({ rows, memory, seed });
    this.#distance = new DecayedTail(memory);
    this.#scale = new SurpriseScale(memory, FUSED_PRIOR);
    this.#mostHeld = Math.round(HELD_SHARE * memory);
  }

  /** Changes nothing. */
  say(shape: Shape, look: Look, before: readonly Surprise[]): Said {
    const distance = this.#followed(look.distance);
    const forest = this.#votes.includes('forest') ? this.forest.score(shape, look) : undefined;
    // What the signals say was measured against their own past already.
    const signals = this.#votes.includes('signals') ? mostSurprised(before) : undefined;
    const votes = this.#votesOf(distance, forest?.smooth, signals);
    const mean = meanOf(votes);
    // What the filters still hold of an episode that is over orders samples and is no news.
    const present = meanOf(
      this.#votesOf(Math.min(distance, look.distance), forest && Math.min(forest.smooth, forest.raw), signals),
    );
    return {
      pValue: Math.max(LEAST_P, Math.exp(-this.#scale.surprise(present))),
      isEcho: look.distance < ECHO_SHARE * distance,
      surprise: mean + AFTERGLOW.part * (this.#glowing(mean) - mean),
      mean,
      votes: votes.sort((a, b) => b.surprise - a.surprise),
      distance,
      forest: forest?.smooth,
    };
  }

  #votesOf(distance: number, forest: number | undefined, signals: number | undefined): NamedVote[] {
    const votes: NamedVote[] = [];
    if (this.#votes.includes('distance'))
      votes.push({ vote: 'distance', surprise: this.#distance.surprise(Math.sqrt(distance)) });
    if (forest !== undefined) votes.push({ vote: 'forest', surprise: this.forest.surprise(forest) });
    if (signals !== undefined) votes.push({ vote: 'signals', surprise: signals });
    return votes;
  }

  #followed(distance: number): number {
    return Number.isNaN(this.#smooth) ? distance : this.#smooth + FOLLOW * (distance - this.#smooth);
  }

  #glowing(mean: number): number {
    return Math.max(mean, AFTERGLOW.keeps * this.#glow);
  }

  advance({ distance, forest, mean, isEcho }: Said, learn: boolean, distorted: boolean): void {
    this.#smooth = distance;
    this.#glow = this.#glowing(mean);
    this.#held = learn ? Math.max(0, this.#held - LEAK) : Math.min(this.#held, this.#mostHeld) + 1;
    if (learn && !isEcho) this.#distance.learn(Math.sqrt(distance), 1);
    if (forest !== undefined) this.forest.advance(forest, learn);
    if (!distorted && !isEcho && this.#held <= this.#mostHeld) this.#scale.learn(mean, 1);
  }

  /** The filters begin anew; for when what they hold has just been declared normal. */
  settle(): void {
    this.#smooth = Number.NaN;
    this.#glow = 0;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#smooth, this.#glow, this.#held]) to.number(value);
    this.#distance.write(to);
    this.#scale.write(to);
    this.forest.write(to);
  }

  read(from: NumberReader): void {
    this.#smooth = from.number();
    this.#glow = from.number();
    this.#held = from.number();
    this.#distance.read(from);
    this.#scale.read(from);
    this.forest.read(from);
  }
}

function meanOf(votes: readonly NamedVote[]): number {
  let [sum, weights] = [0, 0];
  for (const { vote, surprise } of votes) {
    sum += WEIGHT[vote] * surprise;
    weights += WEIGHT[vote];
  }
  return weights > 0 ? sum / weights : 0;
}

/** Mean −ln p of the signals that surprise most; `undefined` where no signal detector has spoken. */
function mostSurprised(before: readonly Surprise[]): number | undefined {
  // Sorted and short: a map of all signals takes as long as the rest of a look.
  const most: Ready[] = [];
  for (const one of before) {
    if (one.state !== 'ready') continue;
    const known = most.findIndex(({ subject }) => subject === one.subject);
    if (known >= 0 && (most[known] as Ready).pValue <= one.pValue) continue;
    if (known >= 0) most.splice(known, 1);
    let place = most.length;
    while (place > 0 && (most[place - 1] as Ready).pValue > one.pValue) place--;
    if (place >= MOST_SURPRISED) continue;
    most.splice(place, 0, one);
    if (most.length > MOST_SURPRISED) most.pop();
  }
  if (most.length === 0) return undefined;
  return most.reduce((sum, { pValue }) => sum - Math.log(pValue), 0) / most.length;
}
