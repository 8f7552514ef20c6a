/** One signal over time as the sparkline wants it: arrays of equal length, oldest first, null where nothing is known. */
export interface SparkInput {
  readonly at: readonly number[];
  readonly value: readonly (number | null)[];
  readonly lower: readonly (number | null)[];
  readonly upper: readonly (number | null)[];
}

/** Paths in a box of `width` × `height`; `end` is where the last value stands; `silentFrom` is where the values stop. */
export interface Spark {
  readonly line: string;
  readonly band: string;
  readonly end: { readonly x: number; readonly y: number } | undefined;
  readonly silentFrom: number | undefined;
}

const round = (n: number): number => Math.round(n * 10) / 10;

const known = (list: readonly (number | null)[]): number[] => list.filter((n): n is number => n !== null);

/** Calm rows must look calm: the box is at least three bands high, so that ordinary noise stays small. */
function boxOf(input: SparkInput): { low: number; high: number } {
  const values = known(input.value);
  const lower = known(input.lower);
  const upper = known(input.upper);
  const low = Math.min(...values, ...lower);
  const high = Math.max(...values, ...upper);
  if (!Number.isFinite(low)) return { low: 0, high: 1 };
  // Without a band the spread of the values themselves stands for it.
  const band = upper.length > 0 ? Math.max(...upper) - Math.min(...lower) : high - low;
  const missing = Math.max(3 * band - (high - low), high === low ? Math.abs(high) || 1 : 0);
  return { low: low - missing / 2, high: high + missing / 2 };
}

/** The shape of a sparkline for the time from `from` to `to`. Cost: one pass over the points. */
export function sparkOf(input: SparkInput, from: number, to: number, width: number, height: number): Spark {
  const { low, high } = boxOf(input);
  const x = (at: number): number => round(((at - from) / (to - from)) * (width - 3));
  const y = (value: number): number => round(height - 2 - ((value - low) / (high - low)) * (height - 4));
  let line = '';
  let pen = false;
  let end: Spark['end'];
  const top: string[] = [];
  const bottom: string[] = [];
  input.at.forEach((at, index) => {
    const value = input.value[index] ?? null;
    const lower = input.lower[index] ?? null;
    const upper = input.upper[index] ?? null;
    if (at < from || at > to) return;
    if (lower !== null && upper !== null) {
      top.push(`${x(at)} ${y(upper)}`);
      bottom.push(`${x(at)} ${y(lower)}`);
    }
    if (value === null) {
      pen = false;
      return;
    }
    line += `${pen ? 'L' : 'M'}${x(at)} ${y(value)}`;
    pen = true;
    end = { x: x(at), y: y(value) };
  });
  const band = top.length > 1 ? `M${top.join('L')}L${bottom.reverse().join('L')}Z` : '';
  const silent = end !== undefined && width - 3 - end.x > (width - 3) / 20;
  return { line, band, end, silentFrom: silent && end ? end.x + 4 : undefined };
}
