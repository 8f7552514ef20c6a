import type { Incident } from '../domain/incident.ts';
import type { Lease } from '../domain/lease.ts';
import type { Daemon } from './daemon.ts';

interface Filter {
  readonly id?: string;
  readonly incident?: string;
  readonly state?: string;
  readonly limit: number;
}

/**
 * What the store answered; while it takes no writes, what stands now comes from the engine, which knows better then, and only
 * what was over before from the store. A store that cannot even be read answers with nothing.
 */
export async function withStanding<T extends Incident | Lease>(
  stored: Promise<readonly T[]>,
  standing: () => readonly T[],
  filter: Filter,
  { journal }: Pick<Daemon, 'journal'>,
): Promise<readonly T[]> {
  if (!journal.degraded) return stored;
  const over = (await stored.catch(() => [])).filter(({ state }) => state === 'resolved' || state === 'released');
  const now = standing().filter((one) => fits(one, filter));
  return [...now.toReversed(), ...over].slice(0, filter.limit);
}

const fits = (one: Incident | Lease, { id, incident, state }: Filter): boolean =>
  (id === undefined || one.id === id) &&
  (state === undefined || one.state === state) &&
  (incident === undefined || ('incident' in one && one.incident === incident));
