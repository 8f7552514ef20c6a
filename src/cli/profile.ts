import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { HeadgateError } from '../domain/error.ts';
import type { Profile } from '../domain/profile.ts';
import { readColumns } from '../files/columns.ts';
import { openRecords } from '../files/records.ts';
import type { CommandIo } from './command.ts';
import { tableOf } from './text-table.ts';

export const summary = 'Shows how the columns of a CSV or Parquet file are spread.';
export const usage = `headgate profile FILE.csv [--format json]

For every column: rows, nulls, different values, and quantiles of numbers or the most frequent values. - reads standard input. As JSON
it is what the drift detector compares: quantiles at every hundredth, the twenty most frequent values.`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { format: { type: 'string', default: 'text' } },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new HeadgateError('bad-config', 'want one FILE');
  const records = await openRecords(file, io);
  const at = file === '-' ? 0 : Math.round((await stat(resolve(io.cwd, file))).mtimeMs);
  const [all] = await readColumns(file, records);
  const columns = (all?.columns ?? []).map((column) => column.profile(at));
  io.stdout.write(values.format === 'json' ? `${JSON.stringify({ columns }, null, 2)}\n` : describe(columns));
  return 0;
}

function describe(columns: readonly Profile[]): string {
  const rows = columns.map((profile) => [
    profile.field,
    profile.kind,
    String(profile.rows),
    String(profile.nulls),
    profile.distinct === undefined ? 'many' : String(profile.distinct),
    spreadOf(profile),
  ]);
  return tableOf(['column', 'kind', 'rows', 'nulls', 'distinct', 'spread'], rows);
}

function spreadOf({ quantiles, top, rows }: Profile): string {
  if (top)
    return top
      .slice(0, 5)
      .map(([value, count]) => `${value} ${((100 * count) / rows).toFixed(0)} %`)
      .join(', ');
  const at = (percent: number): string => String(Number((quantiles?.[percent]?.[1] ?? Number.NaN).toPrecision(4)));
  return `${at(0)} … ${at(5)} … ${at(50)} … ${at(95)} … ${at(100)} (min, 5 %, median, 95 %, max)`;
}
