import type { Vote } from '../../domain/score.ts';
import type { Direction } from '../../domain/signal.ts';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import type { Moment } from './moment.ts';
import { Novel } from './novelty.ts';
import { Prediction } from './prediction.ts';
import type { Residual } from './votes.ts';

const NEVER: Moment = { at: Number.NaN, positions: [], holiday: false };

/**
 * What one signal showed at one moment, measured against its reference. Between scoring and learning a sample each signal has one of
 * its own; then the next signal takes it.
 */
export class Look implements Residual {
  at: EpochMs = Number.NaN;
  direction: Direction = 'both';
  /** The moment, or what it looks like. */
  as: Moment = NEVER;
  /** The sample on the asinh scale. */
  y = Number.NaN;
  readonly expected = new Prediction();
  learned = Number.NaN;
  wide = Number.NaN;
  settled = false;
  slowMean = Number.NaN;
  readonly novel = new Novel();
  /** −ln p of the residual from the season. */
  ofSeason = Number.NaN;
  /** −ln p of standing still for so long. */
  ofStill = Number.NaN;
  /** −ln p of moving so much from sample to sample. */
  ofUnrest = Number.NaN;
  /** −ln p of having crept away from the same hours of the last weeks. */
  ofLeak = Number.NaN;
  /** Mean of all votes, and its −ln p. */
  fused = Number.NaN;
  ofFused = Number.NaN;
  /** The mean of all votes, or what is left of earlier ones. */
  lit = Number.NaN;
  /** −ln p. */
  surprise = Number.NaN;
  elapsed: DurationMs = Number.NaN;
}

/** Looks that are over. */
export const spareLooks: Look[] = [];
export const spareLook = (): Look => spareLooks.pop() ?? new Look();

/** The votes of a look for people, most surprising first. */
export function votesOf({ ofSeason, ofStill, ofUnrest, ofLeak, novel }: Look): readonly Vote[] {
  const votes = votesOnLooks(ofSeason, novel);
  if (ofStill === 0 && ofUnrest === 0 && ofLeak === 0) return votes;
  const beside = [
    { vote: 'stands still', surprise: ofStill },
    { vote: 'moves more than ever', surprise: ofUnrest },
    { vote: 'has crept away', surprise: ofLeak },
  ];
  return [...votes, ...beside.filter(({ surprise }) => surprise > 0)].sort(bySurprise);
}

const bySurprise = (a: Vote, b: Vote): number => b.surprise - a.surprise;

function votesOnLooks(ofSeason: number, novel: Novel): readonly Vote[] {
  const level = { vote: 'level for this time', surprise: ofSeason };
  const fresh = { vote: 'never seen before', surprise: novel.fresh };
  const guarded = { vote: 'not seen when normal', surprise: novel.guarded };
  const high = novel.fresh >= novel.guarded ? fresh : guarded;
  const low = high === fresh ? guarded : fresh;
  if (ofSeason >= high.surprise) return [level, high, low];
  return ofSeason >= low.surprise ? [high, level, low] : [high, low, level];
}
