import type { SampleRow } from '../../domain/ports.ts';
import { type Bucket, bucketStart, richer, rollup, type Tier, tickOf, WIDTH } from '../../domain/rollup.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Connection } from './connection.ts';
import type { Dictionary } from './dictionary.ts';
import { packBucket, unpackBucket } from './packing.ts';
import type { StageKey, Ticks } from './ticks.ts';

type Rolled = Exclude<Tier, 'raw'>;
type BucketCells = [at: number, shape: number, cells: Uint8Array];

/** The number of a tier in the file. */
const TIER: Readonly<Record<Rolled, number>> = { minute: 1, hour: 2 };

const PAGE = 500;

/** Pending buckets computed for one page of an answer: an hour may need sixty pending minutes, a minute only its ticks. */
const PENDING_PAGE: Readonly<Record<Rolled, number>> = { minute: 50, hour: 1 };

/**
 * Buckets of minutes and hours. A new sample marks its minute and its hour as `pending`; `roll` computes pending buckets anew
 * from the tier below and writes them down. What is pending is computed for an answer too, so answers do not depend on when
 * `roll` is called.
 */
export class Rollups {
  readonly #connection: Connection;
  readonly #dictionary: Dictionary;
  readonly #ticks: Ticks;
  /** The minute marked last for each stage: saves writing the mark again with every tick. */
  readonly #marked = new Map<number, EpochMs>();

  constructor(connection: Connection, dictionary: Dictionary, ticks: Ticks) {
    this.#connection = connection;
    this.#dictionary = dictionary;
    this.#ticks = ticks;
  }

  /** Inside a transaction. */
  mark(stage: number, at: EpochMs): void {
    const minute = bucketStart(at, 'minute');
    if (this.#marked.get(stage) === minute) return;
    for (const tier of ['minute', 'hour'] as const) {
      const sql = 'INSERT INTO pending (tier, at, stage) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
      this.#connection.run(sql, TIER[tier], bucketStart(at, tier), stage);
    }
    this.#marked.set(stage, minute);
  }

  /** After a transaction with marks was undone. */
  forget(): void {
    this.#marked.clear();
  }

  /** Pending buckets that began at or before `until`, oldest first. */
  pending(tier: Rolled, until: EpochMs, limit: number): readonly { readonly at: EpochMs; readonly stage: number }[] {
    const sql = 'SELECT at, stage FROM pending WHERE tier = ? AND at <= ? ORDER BY at, stage LIMIT ?';
    return this.#connection.all<[number, number]>(sql, TIER[tier], until, limit).map(([at, stage]) => ({ at, stage }));
  }

  /** Writes one pending bucket down. Inside a transaction. */
  roll(tier: Rolled, stage: StageKey, at: EpochMs): void {
    const bucket = this.#made(tier, stage, at);
    if (bucket) {
      const { id, signals } = this.#dictionary.shape(bucket.cells.keys());
      const sql = 'INSERT OR REPLACE INTO rollup (tier, stage, at, shape, cells) VALUES (?, ?, ?, ?, ?)';
      this.#connection.run(sql, TIER[tier], stage.id, at, id, packBucket(signals, bucket));
    }
    const sql = 'DELETE FROM pending WHERE tier = ? AND at = ? AND stage = ?';
    this.#connection.run(sql, TIER[tier], at, stage.id);
    this.#marked.delete(stage.id);
  }

  /** The start of the oldest bucket of a stage. */
  begin(tier: Rolled, stage: number): EpochMs | undefined {
    const sql = `SELECT min(at) FROM (SELECT min(at) AS at FROM rollup WHERE tier = ? AND stage = ?
      UNION ALL SELECT min(at) FROM pending WHERE tier = ? AND stage = ?)`;
    return this.#connection.get<[number | null]>(sql, TIER[tier], stage, TIER[tier], stage)?.[0] ?? undefined;
  }

  /** Buckets that start within a stretch (both ends inclusive), oldest first, in pages that are never empty. */
  *pages(tier: Rolled, stage: StageKey, from: EpochMs, to: EpochMs): Generator<readonly Bucket[]> {
    let next = from;
    while (next <= to) {
      const pending = this.#pendingOf(tier, stage.id, next, to);
      let until = pending.length < PENDING_PAGE[tier] ? to : (pending.at(-1) as EpochMs);
      const stored = this.#stored(tier, stage.id, next, until, PAGE);
      if (stored.length === PAGE) until = (stored.at(-1) as Bucket).at;
      const buckets = new Map(stored.map((bucket) => [bucket.at, bucket]));
      for (const at of pending) {
        const made = at > until ? undefined : this.#made(tier, stage, at);
        if (made) buckets.set(at, made);
      }
      if (buckets.size > 0) yield [...buckets.values()].sort((a, b) => a.at - b.at);
      next = until + 1;
    }
  }

  /** Deletes at most `limit` buckets older than `before`; the number deleted. Inside a transaction. */
  deleteBefore(tier: Rolled, stage: number, before: EpochMs, limit: number): number {
    const sql = `DELETE FROM rollup WHERE tier = ? AND stage = ? AND at IN
      (SELECT at FROM rollup WHERE tier = ? AND stage = ? AND at < ? ORDER BY at LIMIT ?)`;
    return this.#connection.run(sql, TIER[tier], stage, TIER[tier], stage, before, limit);
  }

  #made(tier: Rolled, stage: StageKey, at: EpochMs): Bucket | undefined {
    const end = at + WIDTH[tier] - 1;
    const parts: Bucket[] = [];
    if (tier === 'minute') {
      for (const page of this.#ticks.pages(stage, at, end)) parts.push(...page.map((row: SampleRow) => tickOf(row)));
    } else {
      for (const page of this.pages('minute', stage, at, end)) parts.push(...page);
    }
    const kept = this.#stored(tier, stage.id, at, at, 1)[0];
    return parts.length === 0 ? kept : richer(kept, rollup(tier, at, parts));
  }

  #pendingOf(tier: Rolled, stage: number, from: EpochMs, to: EpochMs): readonly EpochMs[] {
    const sql = 'SELECT at FROM pending WHERE tier = ? AND at BETWEEN ? AND ? AND stage = ? ORDER BY at LIMIT ?';
    return this.#connection.all<[number]>(sql, TIER[tier], from, to, stage, PENDING_PAGE[tier]).map(([at]) => at);
  }

  #stored(tier: Rolled, stage: number, from: EpochMs, to: EpochMs, limit: number): Bucket[] {
    const sql = `SELECT at, shape, cells FROM rollup WHERE tier = ? AND stage = ? AND at BETWEEN ? AND ? ORDER BY at LIMIT ?`;
    const rows = this.#connection.all<BucketCells>(sql, TIER[tier], stage, from, to, limit);
    return rows.map(([at, shape, cells]) => unpackBucket(this.#dictionary.shapeById(shape).signals, at, cells));
  }
}
