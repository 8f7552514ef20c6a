/** How far a sum of standardised values has gone up and down; both never negative. */
export interface Cusum {
  readonly up: number;
  readonly down: number;
}

export const NO_CUSUM: Cusum = { up: 0, down: 0 };

/**
 * One step of the tabular cumulative sum: what exceeds `slack` is added up, and less than nothing is nothing. `z` standardised;
 * `slack` is half of the smallest change of the mean that matters, in spreads. A caller that knows a threshold takes a greater sum
 * for a change and begins anew with `NO_CUSUM`.
 *
 * Wrong for autocorrelated values with a threshold from a table of independent ones: calibrate it on the past.
 *
 * Source: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954), as in D. C. Montgomery, "Introduction to statistical quality
 * control", 9.1.
 *
 * @example
 * cusumStep({ up: 1, down: 0 }, 2, 0.5) // { up: 2.5, down: 0 }
 */
export const cusumStep = ({ up, down }: Cusum, z: number, slack: number): Cusum => ({
  up: Math.max(0, up + z - slack),
  down: Math.max(0, down - z - slack),
});
