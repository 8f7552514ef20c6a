import type { Incident, IncidentId } from '../domain/incident.ts';
import type { StageId } from '../domain/stage.ts';

/** The incidents that are open, found by their stages: a step costs what it touches, not what is open. */
export class IncidentBook {
  readonly #open = new Map<IncidentId, Incident>();
  readonly #on = new Map<StageId, Set<IncidentId>>();
  readonly #recovering = new Set<IncidentId>();

  get(id: IncidentId): Incident | undefined {
    return this.#open.get(id);
  }
  has(id: IncidentId): boolean {
    return this.#open.has(id);
  }
  all(): readonly Incident[] {
    return [...this.#open.values()];
  }
  recovering(): readonly Incident[] {
    return this.#each(this.#recovering);
  }
  /** Incidents that affect the stage, oldest first. */
  on(stage: StageId): readonly Incident[] {
    const ids = this.#on.get(stage);
    return ids === undefined ? [] : this.#each(ids).sort(oldestFirst);
  }
  isOn(stage: StageId): boolean {
    return this.#on.has(stage);
  }

  /** Takes in the newest form of an incident. */
  put(incident: Incident): void {
    const { id, affected, state } = incident;
    this.#open.set(id, incident);
    for (const stage of affected) {
      const ids = this.#on.get(stage) ?? new Set();
      this.#on.set(stage, ids.add(id));
    }
    if (state === 'recovering') this.#recovering.add(id);
    else this.#recovering.delete(id);
  }

  remove({ id, affected }: Incident): void {
    this.#open.delete(id);
    this.#recovering.delete(id);
    for (const stage of affected) {
      const ids = this.#on.get(stage);
      ids?.delete(id);
      if (ids?.size === 0) this.#on.delete(stage);
    }
  }

  #each(ids: Iterable<IncidentId>): Incident[] {
    return [...ids].flatMap((id) => this.#open.get(id) ?? []);
  }
}

/** By age; of one age in the order in which they were given their numbers. */
export const oldestFirst = (a: Incident, b: Incident): number => a.openedAt - b.openedAt || Number(a.id) - Number(b.id);
