/** What each vote weighs in the mean it belongs to. */
type Weights<Name extends string> = Readonly<Record<Name, number>>;

/**
 * What the votes are, and what they weigh. No configuration: nobody could know what to write here for a signal of theirs. The bench
 * measures other choices over several sets, `npm run bench -- ablation --detector baseline`; *ablation* below is its table in
 * `bench/README.md`.
 */
export interface Tuning {
  /** Votes of the memory that learns everything. */
  readonly fresh: Weights<'value' | 'mean24' | 'step'>;
  /** Votes of the memory that learns what was not strange. */
  readonly guarded: Weights<'value' | 'mean4' | 'mean24' | 'step' | 'miss'>;
  /** What the two memories and the place in the season weigh in the fused statistic; the season counts for at most `most` nats. */
  readonly fused: Weights<'fresh' | 'guarded' | 'season' | 'most'>;
  /** From this mean of the guarded votes on, in nats, the guarded memory does not learn … */
  readonly guardAt: number;
  /** … but its tails do with this weight, so that a guard that is wrong does not stay wrong, and for so many hours at most. */
  readonly guardedWeight: number;
  readonly guardHours: number;
  /** Entries of the coverage sets. */
  readonly entries: Weights<'value' | 'mean4' | 'mean24' | 'step'>;
  /** Shape of the generalised Pareto law of distances beyond the 95 % quantile. */
  readonly shape: number;
  /** No excess is measured against less than this part of the unit of the signal, which is a twentieth of its usual size. */
  readonly leastScale: number;
  /** What a strange sample weighs in the scale of the fused statistic. */
  readonly strangeWeight: number;
  /** So much of the statistic of a sample is left for the score of the next one; p-values know nothing of it. */
  readonly afterglow: number;
}

export const TUNING: Tuning = {
  // By the ablation the step is worth nothing; without it injected phases and stuck signals are found late (`inject.mjs`).
  fresh: { value: 1, mean24: 1, step: 1 },
  // Each left out costs one of the sets something, the value least (ablation).
  guarded: { value: 1, mean4: 1, mean24: 1, step: 1, miss: 1 },
  // Neither memory alone comes near both. A season of .1 loses .07 of the injected faults, one of .4 loses .03 of mscloud (ablation).
  // 30 nats are once in 10^13 samples: where a sample lies in its season can say no more than that.
  fused: { fresh: 0.6, guarded: 0.4, season: 0.2, most: 30 },
  // 3 to 5 are alike, 8 loses .02 of mscloud (ablation).
  guardAt: 4,
  // 0 and .1 are alike, and so are 24 and 72 h (`--with guardedWeight=0.1`); 36 h are what the engine calls a long hold.
  guardedWeight: 0.02,
  guardHours: 36,
  // 24 lose a hundredth of mscloud and of the injected faults; 128 gain a point of NAB for twice the state (ablation).
  entries: { value: 48, mean4: 48, mean24: 48, step: 48 },
  // .15 to .35 are alike; with .05 one far value of one vote speaks for all, 7 points of NAB (ablation).
  shape: 0.25,
  // .05 loses a point of NAB and .01 of mscloud (ablation).
  leastScale: 0.2,
  // 1 loses .02 of mscloud: what is strange would be the usual after a while (ablation).
  strangeWeight: 0.3,
  // People label how long it lasted, and not how long it was news (ablation). A third is left after five samples, which close an episode.
  afterglow: 0.8,
};
