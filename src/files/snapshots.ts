import { HeadgateError } from '../domain/error.ts';
import { emptySnapshot, type Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import type { Table, TableRow } from './table.ts';

/**
 * A table of samples as snapshots, one batch for the rows of one time. Columns are signals.
 *
 * @param stageOf tells the stage by what the column `stage` says of a row; rows of `undefined` are passed over
 */
export async function* batchesOf(
  table: Table,
  stageOf: (name: string | undefined) => StageId | undefined,
): AsyncGenerator<readonly Snapshot[]> {
  let batch: Snapshot[] = [];
  const shown: Shown = new Map();
  for await (const row of table.rows()) {
    const stage = stageOf(row.stage);
    if (stage === undefined) continue;
    const snapshot = snapshotOf(row, table, stage, shown);
    if (batch.length > 0 && batch[0]?.at !== snapshot.at) {
      yield batch;
      batch = [];
    }
    batch.push(snapshot);
  }
  if (batch.length > 0) yield batch;
}

/** The same, where time must go on: what is learned from in another order would be something else. */
export async function* inOrder(
  batches: AsyncIterable<readonly Snapshot[]>,
  name: string,
): AsyncGenerator<readonly Snapshot[]> {
  let last = Number.NEGATIVE_INFINITY;
  for await (const batch of batches) {
    const at = batch[0]?.at ?? last;
    if (at < last) {
      const text = `${name}: the time goes back from ${new Date(last).toISOString()} to ${new Date(at).toISOString()}; sort the rows by time`;
      throw new HeadgateError('malformed', text);
    }
    last = at;
    yield batch;
  }
}

/**
 * What the daemon would have seen. A row without any number is a look without an answer: a gap in what the stage has shown so far. A
 * single empty cell is a signal that was not there.
 */
function snapshotOf(row: TableRow, table: Table, stage: StageId, shown: Shown): Snapshot {
  const values = new Map<string, number>();
  table.columns.forEach((name, index) => {
    const value = row.values[index];
    if (value !== undefined) values.set(name, value);
  });
  const known = shown.get(stage) ?? new Set<string>();
  shown.set(stage, known);
  for (const name of values.keys()) known.add(name);
  const bare = { ...emptySnapshot(stage, row.at), values };
  if (values.size > 0 || known.size === 0) return bare;
  const signals = table.columns.filter((name) => known.has(name));
  return { ...bare, gaps: [{ probe: 'recorded', signals, code: 'stale', message: 'the row is empty' }] };
}

/** The signals that each stage has shown so far. */
type Shown = Map<StageId, Set<string>>;
