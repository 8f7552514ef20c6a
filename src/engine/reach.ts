import { isInForce, type Lease, type LeaseId } from '../domain/lease.ts';
import type { Graph, StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';

/** After a lease has ended its traces are still in what is seen for this many intervals. */
const SETTLE_INTERVALS = 3;

/** What leases do to what is seen: on their own stage, and on every stage above or below it, while they last and shortly after. */
export class Reach {
  readonly #every: (id: StageId) => DurationMs;
  #graph: Graph;
  #over = new Map<StageId, Map<LeaseId, Lease>>();
  #settling = new Map<StageId, EpochMs>();

  constructor(graph: Graph, every: (id: StageId) => DurationMs) {
    this.#graph = graph;
    this.#every = every;
  }

  /** Leases stay where they are, but may reach other stages now. */
  setGraph(graph: Graph, leases: Iterable<Lease>, forgotten: Iterable<StageId>): void {
    this.#graph = graph;
    this.#over = new Map();
    for (const lease of leases) this.put(lease);
    for (const id of forgotten) this.#settling.delete(id);
  }

  put(lease: Lease): void {
    for (const id of this.#reachOf(lease.stage)) {
      const leases = this.#over.get(id) ?? new Map();
      this.#over.set(id, leases.set(lease.id, lease));
    }
  }

  /** The gate has been let go. */
  remove(lease: Lease, now: EpochMs): void {
    for (const id of this.#reachOf(lease.stage)) {
      const leases = this.#over.get(id);
      leases?.delete(lease.id);
      if (leases?.size === 0) this.#over.delete(id);
      this.#settling.set(id, now + SETTLE_INTERVALS * this.#every(id));
    }
  }

  /** Leases in force on the stage, above it or below it, in the order in which they were granted. */
  over(id: StageId): readonly Lease[] {
    const leases = this.#over.get(id);
    if (leases === undefined) return [];
    return [...leases.values()].filter((lease) => lease.state !== 'pending' && isInForce(lease));
  }

  isDistorted(id: StageId, at: EpochMs): boolean {
    return at < (this.#settling.get(id) ?? 0) || this.over(id).length > 0;
  }

  #reachOf(id: StageId): readonly StageId[] {
    return [id, ...this.#graph.ancestors(id), ...this.#graph.descendants(id)];
  }
}
