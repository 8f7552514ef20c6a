import type { Signal } from '../../domain/signal.ts';
import type { Reading } from '../../domain/snapshot.ts';
import { type DurationMs, SECOND } from '../../domain/time.ts';
import { list } from '../../domain/wording.ts';
import type { Observation, Place } from './observation.ts';
import { type Behind, CONFIDENCE, type OffsetReset } from './partition.ts';

/** What the probe says of the consumer and of how to judge. */
export interface Rules {
  readonly offset_reset?: OffsetReset;
  readonly stuck_after: DurationMs;
  readonly retention: boolean;
}

const LAG: readonly Signal[] = ['lag_records', 'lag_seconds', 'hot_partition_share'];
const OF_COMMITS: readonly Signal[] = [...LAG, 'out_records_per_second', 'stuck_partitions', 'rewound_records'];
const OF_RETENTION: readonly Signal[] = ['loss_horizon_seconds', 'lost_records'];
const OF_STATE: readonly Signal[] = ['group_members', 'rebalancing'];

/** Signals of a group, as far as the probe tells. */
export const groupSignals = ({ retention }: { readonly retention: boolean }): readonly Signal[] => [
  ...OF_COMMITS,
  'lag_confidence',
  ...OF_STATE,
  ...(retention ? OF_RETENTION : []),
];

interface Answer {
  readonly values: Map<Signal, number>;
  readonly parts: Map<Signal, Float64Array>;
  readonly absent: Signal[];
  readonly gaps: NonNullable<Reading['gaps']>[number][];
}

type GapCode = Answer['gaps'][number]['code'];

/** What all steps look at. */
interface Scene {
  readonly seen: Observation;
  readonly places: readonly Place[];
  readonly offline: readonly Place[];
  /** Of each place, in its order. */
  readonly lags: Float64Array;
  readonly behind: readonly Behind[];
  readonly rules: Rules;
  readonly now: DurationMs;
}

/** How far the group is behind in one partition: records that wait, and the age of the oldest. */
export interface Standing {
  readonly lag: number;
  readonly behind: Behind;
}

/** What `measure` wants to know of each place, in its order; one at a time, so that other work can go on in between. */
export function* standingsOf(
  places: readonly Place[],
  seen: Observation,
  { offset_reset: reset }: Rules,
  now: DurationMs,
): Generator<Standing> {
  if (seen.group === undefined) return;
  for (const { memory, seen: at, topic } of places) {
    const kept = seen.retention.get(topic.name);
    const longest = typeof kept === 'number' ? kept : Number.POSITIVE_INFINITY;
    yield { lag: memory.lag(at, reset), behind: memory.behind(at, reset, now, longest) };
  }
}

/**
 * The signals of a group, or of topics that no group was named for, and what is left open. `now` is on the monotonic clock.
 *
 * @param standings of each place, for the same `now`.
 */
export function measure(
  places: readonly Place[],
  standings: readonly Standing[],
  seen: Observation,
  rules: Rules,
  now: DurationMs,
): Reading {
  const into = Float64Array.from(places, ({ moved }) => moved.inPerSecond);
  const answer: Answer = { values: new Map(), parts: new Map(), absent: [], gaps: [] };
  answer.values.set('partitions', places.length);
  answer.parts.set('in_records_per_second', into);
  const offline = places.filter(({ seen: { end } }) => Number.isNaN(end));
  if (offline.length === 0) claim(answer, 'in_records_per_second', total(into));
  else open(answer, ['in_records_per_second'], 'server-error', noLeader(offline));
  if (seen.group === undefined) return answer;
  const lags = Float64Array.from(standings, ({ lag }) => lag);
  const behind = standings.map((one) => one.behind);
  measureGroup(answer, { seen, places, offline, lags, behind, rules, now });
  return answer;
}

function measureGroup(answer: Answer, scene: Scene): void {
  const { values } = answer;
  const { seen, places, lags, rules, now } = scene;
  const alive = seen.state && seen.state.state !== 'Dead' ? seen.state : undefined;
  if (alive) {
    values.set('group_members', alive.members);
    values.set('rebalancing', isRebalancing(alive.state) ? 1 : 0);
  }
  if (places.every((place) => Number.isNaN(place.seen.committed))) {
    const signals = [...OF_COMMITS, ...(rules.retention ? OF_RETENTION : []), ...(alive ? [] : OF_STATE)];
    values.set('lag_confidence', CONFIDENCE.unknown);
    open(answer, signals, 'not-found', neverCommitted(scene));
    return;
  }
  measureLag(answer, scene);
  const out = Float64Array.from(places, ({ moved }) => moved.outPerSecond);
  answer.parts.set('out_records_per_second', out);
  const rewound = places.reduce((sum, { moved }) => sum + moved.rewound, 0);
  values.set('rewound_records', rewound);
  // A commit that is set back is no output; a partition that has none yet gives none.
  if (rewound === 0) claim(answer, 'out_records_per_second', total(out.filter((one) => !Number.isNaN(one))));
  const stuck = places.filter(({ memory }, i) => (lags[i] as number) > 0 && memory.isStuck(now, rules.stuck_after));
  values.set('stuck_partitions', stuck.length);
  if (rules.retention) measureRetention(answer, scene);
}

/** Where next to nothing waits, one record must not count as all of the backlog: so many are added to each partition. */
const EVEN_RECORDS = 10;

function measureLag(answer: Answer, { seen, places, offline, lags, behind }: Scene): void {
  const { values, parts } = answer;
  parts.set('lag_records', lags);
  parts.set(
    'lag_seconds',
    Float64Array.from(behind, ({ seconds }) => seconds),
  );
  values.set('lag_confidence', CONFIDENCE.unknown);
  const uncommitted = places.filter((place, i) => Number.isNaN(lags[i]) && !Number.isNaN(place.seen.end));
  if (offline.length > 0) open(answer, LAG, 'server-error', noLeader(offline));
  if (uncommitted.length > 0) open(answer, LAG, 'not-found', noCommit(seen.group, uncommitted));
  if (offline.length + uncommitted.length > 0) return;
  const sum = total(lags);
  values.set('lag_records', sum);
  if (places.length === 1) answer.absent.push('hot_partition_share');
  else values.set('hot_partition_share', (maximum(lags) + EVEN_RECORDS) / (sum + EVEN_RECORDS * places.length));
  const furthest = behind.reduce((a, b) => (b.seconds > a.seconds ? b : a));
  const known = behind.every(({ confidence }) => confidence !== CONFIDENCE.unknown);
  if (known) {
    values.set('lag_seconds', furthest.seconds);
    values.set('lag_confidence', furthest.confidence);
  } else if (seen.peekTrouble) {
    open(answer, ['lag_seconds'], seen.peekTrouble.code, seen.peekTrouble.message);
  }
}

function measureRetention(answer: Answer, { seen, places, behind, rules, now }: Scene): void {
  let lost = 0;
  let horizon = Number.POSITIVE_INFINITY;
  for (const [index, { seen: at, memory, topic }] of places.entries()) {
    const isLosing = at.start > at.committed;
    if (isLosing) lost += at.start - at.committed;
    const kept = seen.retention.get(topic.name);
    const byAge = typeof kept === 'number' ? secondsLeft(kept, behind[index] as Behind) : Number.NaN;
    const bySize = memory.secondsUntilTrimmed(at, rules.offset_reset, now);
    // What is not known (NaN) is passed on: then the smallest is not known either.
    horizon = Math.min(horizon, isLosing ? 0 : byAge, bySize);
  }
  answer.values.set('lost_records', lost);
  const trouble = [...seen.retention.values()].find((one) => typeof one !== 'number');
  if (trouble) open(answer, ['loss_horizon_seconds'], trouble.code, trouble.message);
  else if (horizon === Number.POSITIVE_INFINITY) answer.absent.push('loss_horizon_seconds');
  else claim(answer, 'loss_horizon_seconds', horizon);
}

/** Where nothing is deleted by age, the age need not be known. */
const secondsLeft = (kept: DurationMs, { seconds }: Behind): number =>
  Number.isFinite(kept) ? Math.max(0, kept / SECOND - seconds) : kept;

/** Stable and Empty (nobody there, which is stopped, not unknown) are at rest; the words differ by group protocol. */
const isRebalancing = (state: string): boolean =>
  ['PreparingRebalance', 'CompletingRebalance', 'Assigning', 'Reconciling'].includes(state.replaceAll(/[\s_-]/g, ''));

const claim = ({ values }: Answer, signal: Signal, value: number): void => {
  if (Number.isFinite(value)) values.set(signal, value);
};

function open({ gaps }: Answer, signals: readonly Signal[], code: GapCode, message: string): void {
  gaps.push({ signals, code, message });
}

const total = (values: Float64Array): number => (values.length === 0 ? Number.NaN : values.reduce((a, b) => a + b, 0));
// A spread of 10,000 arguments would still do, of 200,000 not any more.
const maximum = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

const named = (places: readonly Place[]): string => {
  const shown = places.slice(0, 5).map(({ topic, partition }) => `${topic.name}/${partition}`);
  return list(places.length > shown.length ? [...shown, `${places.length - shown.length} more`] : shown);
};

function neverCommitted({ seen, places }: Scene): string {
  const names = list([...new Set(places.map(({ topic }) => topic.name))].slice(0, 5));
  return `kafka group "${seen.group}" has committed nothing on ${names}; check both names, it shows up with its first commit`;
}

const noLeader = (offline: readonly Place[]): string =>
  `kafka partition ${named(offline)} has no leader that answers; look at the brokers that hold it`;

const noCommit = (group: string | undefined, places: readonly Place[]): string =>
  `kafka group "${group}" has committed nothing in ${named(places)}, which holds records; set offset_reset as the consumer's auto.offset.reset`;
