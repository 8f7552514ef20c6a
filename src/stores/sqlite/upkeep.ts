import type { Retention } from '../../domain/ports.ts';
import { bucketStart, WIDTH } from '../../domain/rollup.ts';
import type { StageId } from '../../domain/stage.ts';
import { type EpochMs, MINUTE } from '../../domain/time.ts';
import { inTransaction, type SampleTables } from './samples.ts';
import { isOver } from './slice.ts';
import type { StoreFile } from './store-file.ts';

/** A bucket is written down this long after its end; samples often come in a little late. */
const GRACE = MINUTE;

/** Rows deleted in one step; about half a millisecond. */
const STEP = 100;

/** One kind of upkeep: does steps until there are none left (true) or the slice is over (false). Inside a transaction. */
type Job = (now: EpochMs, retention: Retention) => boolean;

/**
 * Rolls up, seals and deletes, in slices. Rolling up comes first, so that nothing is deleted before its rollup is made.
 * The clock of a slice covers its steps; the commit comes on top (see `LONGEST_MS`).
 */
export function upkeep(file: StoreFile, tables: SampleTables) {
  const jobs: readonly Job[] = [rollMinutes(tables), rollHours(tables), deleteSamples(tables), deleteHistory(file)];
  return (now: EpochMs, retention: Retention): Promise<boolean> =>
    file.write('roll up and delete', () => {
      return inTransaction(file, tables, () => jobs.every((job) => job(now, retention)));
    });
}

function rollMinutes({ rollups }: SampleTables): Job {
  return (now) => {
    for (;;) {
      const pending = rollups.pending('minute', now - WIDTH.minute - GRACE, STEP);
      for (const { at, stage } of pending) {
        if (isOver()) return false;
        rollups.roll('minute', { id: stage, name: ANY }, at);
      }
      if (pending.length < STEP) return true;
    }
  };
}

function rollHours({ rollups, ticks }: SampleTables): Job {
  return (now) => {
    for (;;) {
      const [first] = rollups.pending('hour', now - WIDTH.hour - GRACE, 1);
      if (!first) return true;
      const stage = { id: first.stage, name: ANY };
      // The hour stays pending until its last tick is sealed, so that an interrupted sealing is taken up again.
      do if (isOver()) return false;
      while (ticks.seal(stage, first.at));
      rollups.roll('hour', stage, first.at);
    }
  };
}

function deleteSamples({ dictionary, ticks, rollups }: SampleTables): Job {
  /** Stages not yet looked at in this round; a round may take many slices. */
  let round: number[] = [];
  return (now, retention) => {
    const before = (age: number): EpochMs => bucketStart(now - age, 'hour');
    if (round.length === 0) round = [...dictionary.stageIds()];
    for (let stage = round.at(-1); stage !== undefined; stage = round.at(-1)) {
      if (isOver()) return false;
      const deleted =
        ticks.deleteBefore(stage, before(retention.raw), STEP) +
        rollups.deleteBefore('minute', stage, before(retention.minutes), STEP) +
        rollups.deleteBefore('hour', stage, before(retention.hours), STEP);
      if (deleted === 0) round.pop();
    }
    return true;
  };
}

function deleteHistory(file: StoreFile): Job {
  const oldest = (table: string, time: string) =>
    `DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${table} WHERE ${time} < ? ORDER BY ${time} LIMIT ?)`;
  const statements = [oldest('decision', 'at'), oldest('incident', 'ended'), oldest('lease', 'ended')];
  return (now, { history }) =>
    statements.every((sql) => {
      for (;;) {
        if (isOver()) return false;
        if (file.main.run(sql, now - history, STEP) < STEP) return true;
      }
    });
}

/** Upkeep works with the numbers of stages; their names are not needed. */
const ANY = '.' as StageId;
