import type { ApiIncident, ApiLease, ApiSignal, ApiStage } from '../../server/api.ts';
import { formatPercent, formatRange, formatValue } from '../text/number.ts';
import { duration, epoch } from '../text/time.ts';
import { gateText, incidentName, isHeld, nameOf, pipelineOf } from './names.ts';
import { heldStages, incidentOf, leadingSignal, learnedShare, STATES, type State, stateOf } from './state.ts';

/** One line of the table of stages, in words and numbers ready to be shown. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly pipeline: string;
  readonly state: State;
  readonly held: boolean;
  readonly learned: number;
  readonly score: number | null;
  readonly signal: string;
  readonly now: string;
  readonly outside: boolean;
  readonly expected: string;
  readonly because: string;
  /** How long the state has lasted; empty where nothing is wrong. */
  readonly lasted: string;
}

/** What stands where a value would: never 0 for "no answer". */
export function valueText(signal: ApiSignal | undefined): string {
  if (!signal) return 'no data yet';
  if (signal.value !== null) return formatValue(signal.value, signal.unit);
  if (signal.state === 'gap') return 'no answer';
  if (signal.state === 'absent') return 'absent';
  return 'no value';
}

/** The range a signal was expected in, or its limit; empty where there is neither. */
export function expectedText(signal: ApiSignal | undefined): string {
  if (signal?.expected) return formatRange(signal.expected.lower, signal.expected.upper, signal.unit);
  if (signal && signal.limit !== null) return `limit ${formatValue(signal.limit, signal.unit)}`;
  return '';
}

/** True where the value lies outside what was expected. */
export const isOutside = (signal: ApiSignal | undefined): boolean =>
  signal?.value != null &&
  signal.expected !== null &&
  (signal.value < signal.expected.lower || signal.value > signal.expected.upper);

/** Everything needed to say why, looked up once for all rows. */
export interface Surroundings {
  readonly incidents: readonly ApiIncident[];
  readonly leases: readonly ApiLease[];
  readonly stages: ReadonlyMap<string, ApiStage>;
  readonly held: ReadonlySet<string>;
}

function afterWhom(stage: ApiStage, incident: ApiIncident, stages: ReadonlyMap<string, ApiStage>): string {
  const feeder = stage.after.find((id) => incident.affected.includes(id) && stages.get(id)?.verdict !== 'ok');
  return `after ${nameOf(feeder ?? incident.root)}`;
}

function becauseText(stage: ApiStage, state: State, around: Surroundings): string {
  if (state === 'unknown') return stage.gaps[0]?.message ?? missing(stage);
  if (state === 'learning')
    return stage.at === null ? 'first answer due' : `${formatPercent(learnedShare(stage))} learned${anew(stage)}`;
  if (state === 'held') {
    const lease = around.leases.find((one) => one.stage === stage.id && isHeld(one));
    return lease ? `gate ${gateText(lease.request, stage.valve)}` : `gate ${stage.valve.state}`;
  }
  if (state === 'ok') return '';
  const incident = incidentOf(stage.id, around.incidents);
  if (incident) {
    return incident.root === stage.id
      ? `root of ${incidentName(incident.id)}`
      : afterWhom(stage, incident, around.stages);
  }
  return stage.because[0]?.text ?? '';
}

/** A stage that was known before is learned again, which nobody expects of an update. */
function anew(stage: ApiStage): string {
  const reasons = new Set(stage.relearning.map(({ reason }) => reason));
  if (reasons.size === 0) return '';
  return reasons.has('update') ? ', anew since an update' : ', anew';
}

const missing = (stage: ApiStage): string =>
  stage.blind.length > 0
    ? `blind: ${stage.blind.map((subject) => subject.slice(subject.indexOf('/') + 1)).join(', ')}`
    : 'no answer';

function lastedText(stage: ApiStage, state: State, around: Surroundings, now: number): string {
  const lease = state === 'held' ? around.leases.find((one) => one.stage === stage.id && isHeld(one)) : undefined;
  const since = epoch(lease?.grantedAt ?? stage.since);
  return Number.isNaN(since) ? '' : duration(now - since);
}

function rowOf(stage: ApiStage, around: Surroundings, now: number): Row {
  const state = stateOf(stage, around.held);
  const signal = leadingSignal(stage);
  const calm = state === 'ok' || state === 'learning';
  return {
    id: stage.id,
    name: nameOf(stage.id),
    pipeline: pipelineOf(stage.id),
    state,
    held: around.held.has(stage.id),
    learned: learnedShare(stage),
    score: state === 'unknown' || state === 'learning' ? null : stage.score,
    signal: signal?.signal ?? '',
    now: valueText(signal),
    outside: isOutside(signal),
    expected: expectedText(signal),
    because: becauseText(stage, state, around),
    lasted: calm ? '' : lastedText(stage, state, around, now),
  };
}

const ORDER = new Map(STATES.map((state, index) => [state, index]));

/** All stages as rows, worst first: by state, then by score, then by name. `now` is the daemon's clock. */
export function rowsOf(
  stages: ReadonlyMap<string, ApiStage>,
  incidents: readonly ApiIncident[],
  leases: readonly ApiLease[],
  now: number,
): Row[] {
  const around: Surroundings = { incidents, leases, stages, held: heldStages(stages.values(), leases) };
  const rows = Array.from(stages.values(), (stage) => rowOf(stage, around, now));
  return rows.sort(
    (a, b) =>
      (ORDER.get(a.state) ?? 0) - (ORDER.get(b.state) ?? 0) ||
      (b.score ?? -1) - (a.score ?? -1) ||
      (a.id < b.id ? -1 : 1),
  );
}

/** Rows of one state and of a name, for the chips and the find field; empty filters let all through. */
export function filterRows(rows: readonly Row[], state: string, find: string): readonly Row[] {
  const wanted = find.trim().toLowerCase();
  if (state === '' && wanted === '') return rows;
  return rows.filter((row) => (state === '' || row.state === state) && row.id.toLowerCase().includes(wanted));
}

/** How many rows there are of each state, worst first, without the states nobody is in. */
export function countStates(rows: readonly Row[]): readonly { readonly state: State; readonly count: number }[] {
  return STATES.map((state) => ({ state, count: rows.filter((row) => row.state === state).length })).filter(
    ({ count }) => count > 0,
  );
}
