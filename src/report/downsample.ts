import type { EpochMs } from '../domain/time.ts';

/** What was seen of one signal, oldest first; a missing number is NaN. All four are equally long. */
export interface Series {
  readonly at: ArrayLike<EpochMs>;
  readonly value: ArrayLike<number>;
  /** The band it was expected in. */
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
}

/** The samples of one column of a picture. Without a sample of the value `least` and `most` are NaN, without a band the others are. */
export interface Column {
  readonly from: EpochMs;
  readonly least: number;
  readonly most: number;
  /** True where the least came before the most. */
  readonly rising: boolean;
  readonly lower: number;
  readonly upper: number;
}

/**
 * Parts the time from `from` to `to` into `count` equal columns. Each keeps the least and the most of its values, so no spike is lost
 * however long the history; of the band it keeps the mean of both ends. Columns without samples are there too.
 * Cost: one pass over the samples of the stretch, a binary search to find it.
 */
export function columnsOf(series: Series, from: EpochMs, to: EpochMs, count: number): Column[] {
  const width = Math.max(1, (to - from) / count);
  let index = firstFrom(series.at, from);
  return Array.from({ length: count }, (_, column) => {
    const end = column === count - 1 ? to : from + (column + 1) * width;
    const seen = new Gathered();
    while (index < series.at.length && (series.at[index] as EpochMs) <= end) seen.add(series, index++);
    return seen.column(from + column * width);
  });
}

class Gathered {
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;
  #leastAt = 0;
  #mostAt = 0;
  #lower = 0;
  #upper = 0;
  #bands = 0;

  add({ value, lower, upper }: Series, index: number): void {
    const x = value[index] as number;
    if (x < this.#least) {
      this.#least = x;
      this.#leastAt = index;
    }
    if (x > this.#most) {
      this.#most = x;
      this.#mostAt = index;
    }
    const [low, high] = [lower[index] as number, upper[index] as number];
    if (!Number.isFinite(low) || !Number.isFinite(high)) return;
    this.#lower += low;
    this.#upper += high;
    this.#bands++;
  }

  column(from: EpochMs): Column {
    const seen = this.#least <= this.#most;
    return {
      from,
      least: seen ? this.#least : Number.NaN,
      most: seen ? this.#most : Number.NaN,
      rising: this.#leastAt <= this.#mostAt,
      lower: this.#lower / this.#bands,
      upper: this.#upper / this.#bands,
    };
  }
}

/** Index of the first time that is not before `from`; times ascend. */
export function firstFrom(at: ArrayLike<EpochMs>, from: EpochMs): number {
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[middle] as EpochMs) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
