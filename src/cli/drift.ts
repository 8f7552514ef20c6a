import { parseArgs } from 'node:util';
import type { DriftTest } from '../domain/drift.ts';
import { HeadgateError } from '../domain/error.ts';
import { type Column, readColumns, type Segment } from '../files/columns.ts';
import { openRecords } from '../files/records.ts';
import { compareField, judgeDrift, LEAST_ROWS } from '../stats/drift.ts';
import type { CommandIo } from './command.ts';
import { tableOf } from './text-table.ts';

export const summary = 'Compares the columns of two files, CSV or Parquet: which are spread otherwise than they were.';
export const usage = `headgate drift --reference A.csv --current B.csv [--by COLUMN] [--q 0.01] [--effect 0.03] [--format json]

Numbers are compared by rank and by distance, categories by their counts, and the share of nulls; a column has drifted where the change is
significant among all columns (false discovery rate --q) and larger than chance by a stability index of --effect. --by compares every
value of a column with the same value before. Below ${LEAST_ROWS} rows the result is "insufficient". Exits with 1 where something has drifted.`;

/** One line of the answer. Numbers that do not exist (nothing could be compared) are null. */
interface Finding {
  readonly column: string;
  readonly by?: string;
  readonly test: DriftTest | 'schema' | null;
  readonly statistic: number | null;
  readonly pValue: number | null;
  readonly adjustedP: number | null;
  readonly effect: number | null;
  readonly effectNull: number | null;
  readonly nRef: number;
  readonly nCur: number;
  readonly result: 'drift' | 'none' | 'insufficient';
  readonly why: string;
}

interface Pair {
  readonly column: string;
  readonly by: { readonly by?: string };
  readonly reference: Column | undefined;
  readonly current: Column | undefined;
}

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      reference: { type: 'string' },
      current: { type: 'string' },
      by: { type: 'string' },
      q: { type: 'string', default: '0.01' },
      effect: { type: 'string', default: '0.03' },
      format: { type: 'string', default: 'text' },
    },
  });
  const { reference, current } = values;
  if (reference === undefined || current === undefined)
    throw new HeadgateError('bad-config', 'want --reference FILE and --current FILE');
  const lines = { q: numberOf('--q', values.q), effect: numberOf('--effect', values.effect) };
  const [before, after] = [await open(reference, io, values.by), await open(current, io, values.by)];
  const columns = compare(pairsOf(before, after, values.by !== undefined), lines);
  io.stdout.write(values.format === 'json' ? `${JSON.stringify({ columns }, null, 2)}\n` : describe(columns));
  return columns.some(({ result }) => result === 'drift') ? 1 : 0;
}

const open = async (path: string, io: CommandIo, by: string | undefined): Promise<readonly Segment[]> =>
  readColumns(path, await openRecords(path, io), by);

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && Number.isFinite(number)) return number;
  throw new HeadgateError('bad-config', `${option} wants a number from 0 on, got "${text}"`);
}

/** Every column of either side, in the order of the reference; segments by their value. */
function pairsOf(before: readonly Segment[], after: readonly Segment[], parted: boolean): Pair[] {
  const values = [...new Set([...before, ...after].map(({ value }) => value))];
  if (parted) values.sort();
  return values.flatMap((value) => {
    const [a, b] = [before, after].map((side) => side.find((segment) => segment.value === value)?.columns ?? []);
    const names = new Set([...(a ?? []), ...(b ?? [])].map(({ name }) => name));
    return [...names].map((column) => ({
      column,
      by: parted ? { by: value } : {},
      reference: a?.find(({ name }) => name === column),
      current: b?.find(({ name }) => name === column),
    }));
  });
}

function compare(pairs: readonly Pair[], lines: { readonly q: number; readonly effect: number }): Finding[] {
  const comparisons = pairs.map(({ reference, current }) =>
    reference && current ? compareField(reference.sample(reference.kind), current.sample(reference.kind)) : undefined,
  );
  const judged = judgeDrift(comparisons, lines);
  return pairs.map(({ column, by, reference, current }, index): Finding => {
    const rows = { nRef: reference?.rows ?? 0, nCur: current?.rows ?? 0 };
    const { comparison, adjustedP, result } = judged[index] as (typeof judged)[number];
    if (!comparison) return { column, ...by, ...NOTHING, ...rows, ...unlike(reference, current, by.by !== undefined) };
    const { test, statistic, pValue, effect, effectNull, nRef, nCur, moved } = comparison;
    const why = `${moved}; ${reasonOf(result, adjustedP, effect - effectNull, lines)}`;
    return { column, ...by, test, statistic, pValue, adjustedP, effect, effectNull, nRef, nCur, result, why };
  });
}

const NOTHING = { test: null, statistic: null, pValue: null, adjustedP: null, effect: null, effectNull: null } as const;

/** What is said of a column that cannot be compared. */
function unlike(
  reference: Column | undefined,
  current: Column | undefined,
  parted: boolean,
): Pick<Finding, 'result' | 'why' | 'test'> {
  if (reference && current)
    return { test: null, result: 'insufficient', why: `fewer than ${LEAST_ROWS} rows with a value on one side` };
  if (reference && !parted) return { test: 'schema', result: 'drift', why: 'the column is gone' };
  const [side, other] = reference ? ['reference', 'current'] : ['current', 'reference'];
  return {
    test: null,
    result: 'insufficient',
    why: `is in the ${side} alone; the ${other} has nothing to compare with`,
  };
}

function reasonOf(
  result: Finding['result'],
  adjustedP: number,
  excess: number,
  lines: { readonly q: number; readonly effect: number },
): string {
  if (result === 'drift') return `significant, and larger than chance by ${excess.toFixed(3)}`;
  if (adjustedP > lines.q) return 'as chance would have it';
  return `significant, but larger than chance by only ${Math.max(0, excess).toFixed(3)}`;
}

function describe(columns: readonly Finding[]): string {
  const short = (x: number | null): string =>
    x === null ? '-' : x !== 0 && x < 1e-3 ? x.toExponential(1) : x.toFixed(3);
  const rows = columns.map((one) => [
    one.by === undefined ? one.column : `${one.column} [${one.by}]`,
    one.result,
    one.test ?? '-',
    short(one.adjustedP),
    short(one.effect),
    `${one.nRef} → ${one.nCur}`,
    one.why,
  ]);
  const drifted = columns.filter(({ result }) => result === 'drift').length;
  const table = tableOf(['column', 'result', 'test', 'adjusted p', 'effect', 'rows', 'why'], rows);
  return `${table}\n${drifted} of ${columns.length} drifted\n`;
}
