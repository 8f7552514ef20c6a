import type { Cause } from '../domain/cause.ts';
import type { Incident } from '../domain/incident.ts';

/**
 * How much a name says. A name that says more takes the place of one that says less, while the incident is young; what only
 * follows of the trouble, such as the backlog that a stopped consumer leaves, never renames it.
 */
const SAYS: Readonly<Record<Cause, number>> = {
  unknown: 0,
  backlog: 1,
  surge: 2,
  slow: 2,
  hot: 3,
  rebalancing: 3,
  'broker-throttled': 3,
  stopped: 4,
  poison: 4,
  downstream: 4,
  duplicates: 4,
  'source-outage': 4,
  'bad-data': 4,
  // A person has set the group back, and has stopped its consumers for that.
  replay: 5,
};

/**
 * Causes that are seen directly: when they are no longer seen they are over, and what is left is a trouble of another kind.
 * Not a failing dependency: while its backlog drains, more workers would bring the failures back.
 */
const DIRECT: ReadonlySet<Cause> = new Set([
  'unknown',
  'bad-data',
  'duplicates',
  'rebalancing',
  'replay',
  'poison',
  'hot',
  'stopped',
  'source-outage',
]);

/** Names that say little wait for so many looks at the stage: what tells more needs a few samples to show. */
const PATIENCE_INTERVALS: Partial<Record<Cause, number>> = { backlog: 4, surge: 2, slow: 2 };

export interface Found {
  /** What the facts say now. */
  readonly cause: Cause;
  /** They are those of the root, and not of another stage that is still in trouble. */
  readonly atRoot: boolean;
  /** A gate of ours stands over the stage, and what it does to the flow shows there. */
  readonly ours: boolean;
  /** Looks at the root since the incident opened. */
  readonly age: number;
  /** The incident is so young that it may get a better name. */
  readonly young: boolean;
}

/** The incident as it is to be called now; the same object where nothing is new. */
export function named(incident: Incident, found: Found): Incident {
  const cause = found.atRoot && renames(incident, found) ? found.cause : incident.cause;
  const present = presentAfter(incident, found);
  const remains = present === cause ? undefined : present;
  if (cause === incident.cause && remains === incident.remains) return incident;
  const { remains: _, ...rest } = incident;
  return { ...rest, cause, ...(remains ? { remains } : {}) };
}

/** What our own gate does to the stage says nothing of the cause, but for a dependency that fails under more workers. */
const isOurDoing = ({ cause, ours }: Found, before: Cause): boolean =>
  ours && before !== 'unknown' && cause !== 'downstream';

function renames(incident: Incident, found: Found): boolean {
  const said = SAYS[incident.cause];
  if (SAYS[found.cause] <= said || !(found.young || said <= SAYS.backlog)) return false;
  if (found.age < (PATIENCE_INTERVALS[found.cause] ?? 0)) return false;
  return !isOurDoing(found, incident.cause);
}

/**
 * What is over does not come back as long as what it has left is there: a gate must not be moved to and fro by that. That it is over
 * also shows under a gate of ours: a gate does not make a stage work that has stopped.
 */
function presentAfter(incident: Incident, found: Found): Cause {
  const before = presentCause(incident);
  const isOver = DIRECT.has(before) && SAYS[found.cause] <= SAYS.slow;
  if (found.cause === 'unknown' || (isOurDoing(found, before) && !isOver)) return before;
  return found.young || DIRECT.has(before) ? found.cause : before;
}

/** What gates are judged by: the trouble there is now, which may only be what the cause has left behind. */
export const presentCause = ({ cause, remains }: Incident): Cause => remains ?? cause;
