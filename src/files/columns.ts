import { HeadgateError } from '../domain/error.ts';
import type { Profile } from '../domain/profile.ts';
import { cdfOfValues } from '../stats/cdf.ts';
import type { FieldSample } from '../stats/drift.ts';
import { quantiles } from '../stats/quantile.ts';
import type { CsvRecord } from './csv.ts';

/** Texts counted apart in one column; what comes after them is counted together. */
const MOST_TEXTS = 10_000;
/** A column whose cells are numbers but for this share is one of numbers; the rest of its cells count as nulls. */
const NUMBERS = 0.95;
/** Numbers with so few different values are codes, compared as categories. */
const MOST_CODES = 10;
/** One table is parted into so many; more values than that are no segments. */
const MOST_SEGMENTS = 1_000;

const NULLS: ReadonlySet<string> = new Set(['', 'null', 'nan', 'na', 'n/a', 'none', '\\n']);

/** What is known of one column after all rows were read. */
export interface Column {
  readonly name: string;
  readonly rows: number;
  readonly kind: 'number' | 'category';
  /** The column as numbers (cells that are none count as nulls) or as categories, whatever it looks like. */
  sample(kind: Column['kind']): FieldSample;
  profile(at: number): Profile;
}

export interface Segment {
  /** Value of the column the table is parted by; '' where it is not parted. */
  readonly value: string;
  readonly columns: readonly Column[];
}

/**
 * Reads a table into its columns, in one pass over its records, the header first; with `by`, once for each value of that column. Memory: 8 bytes for each
 * number and up to 10,000 different texts a column, whatever the length of the file.
 *
 * @throws HeadgateError `malformed` where there is no header or no column `by`, or `by` has more than 1,000 values.
 */
export async function readColumns(
  name: string,
  records: AsyncGenerator<CsvRecord>,
  by?: string,
): Promise<readonly Segment[]> {
  const first = await records.next();
  if (first.done) throw new HeadgateError('malformed', `${name} is empty; want a header line and rows`);
  const head = first.value.cells.map((cell) => cell.trim());
  const place = by === undefined ? -1 : head.indexOf(by);
  if (by !== undefined && place < 0)
    throw new HeadgateError('malformed', `${name} has no column "${by}"; it has ${head.join(', ')}`);
  const segments = new Map<string, Gathering[]>();
  const newSegment = (): Gathering[] => head.map((column) => new Gathering(column));
  if (by === undefined) segments.set('', newSegment());
  for await (const { cells } of records) {
    const value = place < 0 ? '' : (cells[place] ?? '').trim();
    let columns = segments.get(value);
    if (!columns) {
      if (segments.size >= MOST_SEGMENTS)
        throw new HeadgateError('malformed', `${name}: column "${by}" has more than ${MOST_SEGMENTS} values`);
      columns = newSegment();
      segments.set(value, columns);
    }
    for (const [index, column] of columns.entries()) if (index !== place) column.add(cells[index] ?? '');
  }
  return [...segments].map(([value, columns]) => ({ value, columns: columns.filter((_, index) => index !== place) }));
}

class Gathering implements Column {
  readonly name: string;
  #numbers = new Float64Array(64);
  #count = 0;
  #nulls = 0;
  #rows = 0;
  readonly #texts = new Map<string, number>();
  #others = 0;

  constructor(name: string) {
    this.name = name;
  }

  get rows(): number {
    return this.#rows;
  }

  get kind(): 'number' | 'category' {
    const present = this.#rows - this.#nulls;
    const isCode = this.#others === 0 && this.#texts.size <= MOST_CODES;
    return present > 0 && this.#count >= NUMBERS * present && !isCode ? 'number' : 'category';
  }

  add(cell: string): void {
    this.#rows++;
    const text = cell.trim();
    if (NULLS.has(text.toLowerCase())) {
      this.#nulls++;
      return;
    }
    const number = Number(text);
    if (Number.isFinite(number)) this.#push(number);
    const known = this.#texts.get(text);
    if (known !== undefined || this.#texts.size < MOST_TEXTS) this.#texts.set(text, (known ?? 0) + 1);
    else this.#others++;
  }

  sample(kind: Column['kind']): FieldSample {
    if (kind === 'number') {
      const cdf = cdfOfValues(this.#values());
      return { nulls: this.#rows - this.#count, values: { kind, cdf, exact: true } };
    }
    return { nulls: this.#nulls, values: { kind, counts: this.#texts, other: this.#others } };
  }

  profile(at: number): Profile {
    const head = { field: this.name, from: 0, to: at, rows: this.#rows, exact: true };
    const distinct = this.#others === 0 ? { distinct: this.#texts.size } : {};
    if (this.kind === 'category') {
      const top = [...this.#texts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 20);
      return { ...head, kind: 'category', nulls: this.#nulls, ...distinct, top };
    }
    const values = this.#values();
    const mean = values.reduce((sum, x) => sum + x / values.length, 0);
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2 / Math.max(1, values.length - 1), 0);
    const found = quantiles(values, GRID).map((value, i) => [GRID[i] as number, value] as const);
    const nulls = this.#rows - this.#count;
    return { ...head, kind: 'number', nulls, ...distinct, quantiles: found, moments: { mean, variance } };
  }

  #values(): Float64Array {
    return this.#numbers.subarray(0, this.#count);
  }

  #push(number: number): void {
    if (this.#count === this.#numbers.length) {
      const grown = new Float64Array(2 * this.#count);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#count++] = number;
  }
}

/** Shares of the quantiles in a profile: every hundredth. */
const GRID = Array.from({ length: 101 }, (_, percent) => percent / 100);
