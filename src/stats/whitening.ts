import { symmetricEigen } from './symmetric-eigen.ts';

/**
 * The symmetric root W of the inverse of a correlation matrix, W = (R + ridge·I)^(−1/2), row by row. `W z` has uncorrelated parts of
 * equal spread, and of all such turns it is the one that stays nearest to z: part i is "signal i, with what the others tell of it
 * taken away". So |W z|² is Mahalanobis's distance and its summands are each signal's share of it.
 *
 * `correlation` is symmetric, row by row; slightly negative eigenvalues, as they come from decayed or incomplete sums, count as 0.
 * `ridge` > 0 bounds what a nearly constant combination may weigh. A row and column of zeros (a constant) stands for itself.
 * Cost: that of `symmetricEigen` and half as much again.
 *
 * Source: A. Kessy, A. Lewin, K. Strimmer, "Optimal whitening and decorrelation", American Statistician 72 (2018), ZCA-cor;
 * P. H. Garthwaite, I. Koch, "Evaluating the contributions of individual variables to a quadratic form", ANZJS 58 (2016).
 */
export function whiteningOf(correlation: Float64Array, size: number, ridge: number): Float32Array {
  const { values, vectors } = symmetricEigen(correlation, size);
  const scaled = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let k = 0; k < size; k++)
      scaled[i * size + k] =
        (vectors[i * size + k] as number) / Math.sqrt(Math.sqrt(Math.max(0, values[k] as number) + ridge));
  const root = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += (scaled[i * size + k] as number) * (scaled[j * size + k] as number);
      root[i * size + j] = sum;
      root[j * size + i] = sum;
    }
  }
  return root;
}

/**
 * Fills the missing parts of z (NaN) with what the others make of them: their conditional mean, −P_mm⁻¹ P_mp z_p with P = W².
 * The distance |W z|² of the filled vector is then exactly the distance of what is there, measured by the marginal law of those
 * signals alone. Where nothing is there all is 0.
 * Cost: missing² · size; nothing where nothing is missing.
 */
export function fillMissing(root: Float32Array, z: Float64Array): void {
  const size = z.length;
  let first = 0;
  while (first < size && !Number.isNaN(z[first])) first++;
  if (first === size) return;
  const missing: number[] = [];
  for (let i = 0; i < size; i++) if (Number.isNaN(z[i] as number)) missing.push(i);
  for (const i of missing) z[i] = 0;
  if (missing.length === size) return;
  const precision = (i: number, j: number): number => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += (root[i * size + k] as number) * (root[k * size + j] as number);
    return sum;
  };
  const half = new Float64Array(size);
  for (let k = 0; k < size; k++)
    for (let j = 0; j < size; j++) half[k] = (half[k] as number) + (root[k * size + j] as number) * (z[j] as number);
  const wanted = missing.map((i) => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += (root[i * size + k] as number) * (half[k] as number);
    return -sum;
  });
  const filled = solvePositive(
    missing.map((i) => missing.map((j) => precision(i, j))),
    wanted,
  );
  missing.forEach((i, index) => {
    z[i] = filled[index] as number;
  });
}

/** Gauss's elimination; a positive definite matrix needs no pivots. */
function solvePositive(matrix: number[][], right: number[]): number[] {
  const size = right.length;
  for (let p = 0; p < size; p++) {
    const pivot = matrix[p] as number[];
    for (let r = p + 1; r < size; r++) {
      const row = matrix[r] as number[];
      const factor = (row[p] as number) / (pivot[p] as number);
      for (let k = p; k < size; k++) row[k] = (row[k] as number) - factor * (pivot[k] as number);
      right[r] = (right[r] as number) - factor * (right[p] as number);
    }
  }
  for (let p = size - 1; p >= 0; p--) {
    const row = matrix[p] as number[];
    let sum = right[p] as number;
    for (let k = p + 1; k < size; k++) sum -= (row[k] as number) * (right[k] as number);
    right[p] = sum / (row[p] as number);
  }
  return right;
}
