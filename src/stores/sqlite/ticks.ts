import type { SampleRow } from '../../domain/ports.ts';
import { bucketStart } from '../../domain/rollup.ts';
import type { Signal } from '../../domain/signal.ts';
import type { StageId } from '../../domain/stage.ts';
import { type EpochMs, HOUR } from '../../domain/time.ts';
import type { Connection } from './connection.ts';
import type { Dictionary } from './dictionary.ts';
import { packSealed, packTick, sealedWidth, unpackSealed, unpackTick } from './packing.ts';

/** Ticks read or sealed in one step; about a millisecond. */
const PAGE = 500;

/** Bytes sealed in one step before compression; about two milliseconds. */
const SEAL_BYTES = 64 * 1024;

type TickCells = [at: number, shape: number, cells: Uint8Array];
type SealedCells = [at: number, until: number, shape: number, rows: number, cells: Uint8Array];

/** A stage under the number the dictionary gave it. */
export interface StageKey {
  readonly id: number;
  readonly name: StageId;
}

/**
 * Raw samples. A tick is written as one row of `tick`. When its hour is over, the rows of a stage become a few rows of
 * `sealed`, which neither overlap nor cross an hour. A tick that comes in later stays in `tick` and wins over a sealed one.
 */
export class Ticks {
  readonly #connection: Connection;
  readonly #dictionary: Dictionary;

  constructor(connection: Connection, dictionary: Dictionary) {
    this.#connection = connection;
    this.#dictionary = dictionary;
  }

  /** The same stage and time again replaces. */
  put(stage: number, row: SampleRow): void {
    const { id, signals } = this.#dictionary.shape(new Set([...row.values.keys(), ...row.bands.keys()]));
    const sql = 'INSERT OR REPLACE INTO tick (stage, at, shape, cells) VALUES (?, ?, ?, ?)';
    this.#connection.run(sql, stage, row.at, id, packTick(signals, row));
  }

  /** The time of the oldest tick of a stage. */
  begin(stage: number): EpochMs | undefined {
    const sql = `SELECT min(at) FROM
      (SELECT min(at) AS at FROM tick WHERE stage = ? UNION ALL SELECT min(at) FROM sealed WHERE stage = ?)`;
    return this.#connection.get<[number | null]>(sql, stage, stage)?.[0] ?? undefined;
  }

  /** All ticks of a stretch (both ends inclusive), oldest first, in pages that are never empty and each cost a few milliseconds. */
  *pages(stage: StageKey, from: EpochMs, to: EpochMs): Generator<readonly SampleRow[]> {
    let next = from;
    while (next <= to) {
      const sealed = this.#sealedFrom(stage.id, next);
      if (sealed && sealed[0] <= Math.min(next, to)) {
        const until = Math.min(sealed[1], to);
        const page = this.#within(sealed, stage, next, until);
        if (page.length > 0) yield page;
        next = sealed[1] + 1;
        continue;
      }
      const until = sealed ? Math.min(sealed[0] - 1, to) : to;
      const page = this.#open(stage, next, until, PAGE);
      if (page.length > 0) yield page;
      next = (page.length < PAGE ? until : (page.at(-1) as SampleRow).at) + 1;
    }
  }

  /** Seals the next ticks of an hour; false once there are none left to seal. Inside a transaction. */
  seal(stage: StageKey, hour: EpochMs): boolean {
    const end = hour + HOUR - 1;
    const last = this.#connection.get<[number | null]>(
      'SELECT max(until) FROM sealed WHERE stage = ? AND at BETWEEN ? AND ?',
      stage.id,
      hour,
      end,
    );
    const rows = this.#open(stage, (last?.[0] ?? hour - 1) + 1, end, PAGE);
    const signals = new Set<Signal>();
    let taken = 0;
    for (const row of rows) {
      for (const signal of row.values.keys()) signals.add(signal);
      for (const signal of row.bands.keys()) signals.add(signal);
      taken += 1;
      if (taken * sealedWidth(signals.size) >= SEAL_BYTES) break;
    }
    const [first, until] = [rows[0], rows[taken - 1]];
    if (!first || !until) return false;
    this.#putSealed(stage.id, rows.slice(0, taken), signals);
    const sql = 'DELETE FROM tick WHERE stage = ? AND at BETWEEN ? AND ?';
    this.#connection.run(sql, stage.id, first.at, until.at);
    return true;
  }

  /** Deletes at most `limit` rows older than `before`, which is the start of an hour; the number deleted. Inside a transaction. */
  deleteBefore(stage: number, before: EpochMs, limit: number): number {
    const oldest = (table: string) =>
      `DELETE FROM ${table} WHERE stage = ? AND at IN (SELECT at FROM ${table} WHERE stage = ? AND at < ? ORDER BY at LIMIT ?)`;
    const sealed = this.#connection.run(oldest('sealed'), stage, stage, before, limit);
    return sealed + this.#connection.run(oldest('tick'), stage, stage, before, limit);
  }

  #putSealed(stage: number, rows: readonly SampleRow[], signals: ReadonlySet<Signal>): void {
    const shape = this.#dictionary.shape(signals);
    const [first, last] = [rows[0] as SampleRow, rows.at(-1) as SampleRow];
    const sql = 'INSERT INTO sealed (stage, at, until, shape, rows, cells) VALUES (?, ?, ?, ?, ?, ?)';
    this.#connection.run(sql, stage, first.at, last.at, shape.id, rows.length, packSealed(shape.signals, rows));
  }

  /** The sealed row that holds `from`, or else the first one after it. */
  #sealedFrom(stage: number, from: EpochMs): SealedCells | undefined {
    const sql =
      'SELECT at, until, shape, rows, cells FROM sealed WHERE stage = ? AND at >= ? AND until >= ? ORDER BY at LIMIT 1';
    return this.#connection.get<SealedCells>(sql, stage, bucketStart(from, 'hour'), from);
  }

  #open(stage: StageKey, from: EpochMs, to: EpochMs, limit: number): SampleRow[] {
    const sql = 'SELECT at, shape, cells FROM tick WHERE stage = ? AND at BETWEEN ? AND ? ORDER BY at LIMIT ?';
    const rows = this.#connection.all<TickCells>(sql, stage.id, from, to, limit);
    return rows.map(([at, shape, cells]) =>
      unpackTick(this.#dictionary.shapeById(shape).signals, stage.name, at, cells),
    );
  }

  #within(sealed: SealedCells, stage: StageKey, from: EpochMs, to: EpochMs): readonly SampleRow[] {
    const [, , shape, count, cells] = sealed;
    const rows = unpackSealed(this.#dictionary.shapeById(shape).signals, stage.name, count, cells);
    const kept = rows.filter((row) => row.at >= from && row.at <= to);
    const late = this.#open(stage, from, to, -1);
    if (late.length === 0) return kept;
    const merged = new Map([...kept, ...late].map((row) => [row.at, row]));
    return [...merged.values()].sort((a, b) => a.at - b.at);
  }
}
