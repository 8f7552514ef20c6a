import type { IncidentId } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import type { Collapsed, Notice } from '../domain/notice.ts';
import type { Change } from '../domain/ports.ts';

/** Row of the store that says who has been told of which incident. */
export const TOLD_KEY = 'told';

/** After one of these a receiver knows of the incident, and is owed its end. */
const OPENS: ReadonlySet<Notice['change']> = new Set(['opened', 'severity-raised', 'root-moved']);
/** These are for those who know of it already. */
const FOLLOWS: ReadonlySet<Notice['change']> = new Set(['resolved', 'acknowledged']);

/** True where the notice only means something to who was told of the incident. */
export const isForInsiders = (notice: Notice): boolean => FOLLOWS.has(notice.change) && !notice.missedOpening;

/** The changes a notice tells of for the first time; a digest that repeats the day is no news. */
export function newsIn({ collapsed, change, incident }: Notice): readonly Pick<Collapsed, 'incident' | 'change'>[] {
  if (collapsed) return collapsed.instead ? collapsed.notices : [];
  return [{ incident: incident.id, change }];
}

/** Who was told of which open incident: an end goes to those who heard of the beginning, whatever the routes say by then. */
export class Audience {
  readonly #told = new Map<IncidentId, Set<string>>();

  /** Takes the row of the process before; incidents that nobody can be owed anything of any more are left out. */
  load(row: Json | undefined, owed: ReadonlySet<IncidentId>): void {
    const rows = (row ?? {}) as { readonly [incident: string]: readonly string[] };
    for (const [incident, names] of Object.entries(rows))
      if (owed.has(incident)) this.#told.set(incident, new Set(names));
  }

  has(incident: IncidentId, notifier: string): boolean {
    return this.#told.get(incident)?.has(notifier) ?? false;
  }

  of(incident: IncidentId): readonly string[] {
    return [...(this.#told.get(incident) ?? [])];
  }

  /** Notes that the notifier's receiver took the notice. Answers with what is to be made durable. */
  took(notice: Notice, notifier: string): readonly Change[] {
    const news = newsIn(notice);
    let changed = false;
    for (const { incident, change } of news) {
      if (OPENS.has(change)) changed = this.#add(incident, notifier) || changed;
    }
    for (const { incident, change } of news) {
      if (change === 'resolved') changed = this.#remove(incident, notifier) || changed;
    }
    return changed ? [{ put: 'setting', key: TOLD_KEY, value: this.#row() }] : [];
  }

  #add(incident: IncidentId, notifier: string): boolean {
    if (this.has(incident, notifier)) return false;
    this.#told.set(incident, (this.#told.get(incident) ?? new Set()).add(notifier));
    return true;
  }

  #remove(incident: IncidentId, notifier: string): boolean {
    const names = this.#told.get(incident);
    const removed = names?.delete(notifier) ?? false;
    if (names?.size === 0) this.#told.delete(incident);
    return removed;
  }

  #row(): Json {
    return Object.fromEntries([...this.#told].map(([incident, names]) => [incident, [...names]]));
  }
}
