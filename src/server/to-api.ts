import type { Decision } from '../domain/decision.ts';
import type { Incident } from '../domain/incident.ts';
import type { GateRequest, Lease } from '../domain/lease.ts';
import type { Story } from '../domain/notice.ts';
import type { Vote } from '../domain/score.ts';
import { signalSpec } from '../domain/signal.ts';
import type { StageId } from '../domain/stage.ts';
import type { EpochMs } from '../domain/time.ts';
import type { BudgetView, HealthView, PolicyView, ValveState } from '../domain/views.ts';
import type {
  ApiBudget,
  ApiDecision,
  ApiHealth,
  ApiIncident,
  ApiLease,
  ApiPolicy,
  ApiRequest,
  ApiValve,
  ApiVote,
} from './api.ts';

/** Our nouns as the JSON of api.ts. Pure: the same view gives the same JSON. A number that is not finite is null. */

export const time = (at: EpochMs): string => new Date(at).toISOString();

export const number = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** `{ [name]: made }`, or nothing where there is no value: optional keys are left out, not null. */
const given = <Name extends string, Value, Made>(
  name: Name,
  value: Value | undefined,
  make: (value: Value) => Made,
): { [key in Name]?: Made } => (value === undefined ? {} : { [name]: make(value) }) as { [key in Name]?: Made };

const same = <Value>(value: Value): Value => value;

/** A range of which an end is not known is not known. */
const pair = (lower: number | undefined, upper: number | undefined): [number, number] | null => {
  const low = number(lower);
  const high = number(upper);
  return low === null || high === null ? null : [low, high];
};

/** Most surprising first; none where the detector put one test. */
export const toApiVotes = (votes: readonly Vote[] = []): ApiVote[] =>
  votes.map(({ vote, surprise }) => ({ vote, surprise: number(surprise) ?? 0 }));

export function toApiIncident(incident: Incident, story: Story): ApiIncident {
  return {
    id: incident.id,
    pipeline: incident.pipeline,
    root: incident.root,
    affected: [...incident.affected],
    severity: incident.severity,
    cause: incident.cause,
    state: incident.state,
    openedAt: time(incident.openedAt),
    ...given('recoveringAt', incident.recoveringAt, time),
    ...given('resolvedAt', incident.resolvedAt, time),
    ...given('resolution', incident.resolution, String),
    because: incident.because.map((fact) => ({
      subject: fact.subject,
      detector: fact.detector,
      score: number(fact.score) ?? 0,
      observed: number(fact.observed),
      expected: pair(fact.lower, fact.upper),
      limit: number(fact.limit),
      share: number(fact.share),
      parts: (fact.parts ?? []).map(({ signal, share, observed, expected }) => ({
        signal,
        unit: signalSpec(signal).unit,
        share: number(share) ?? 0,
        observed: number(observed),
        expected: pair(expected?.lower, expected?.upper),
      })),
      votes: toApiVotes(fact.votes),
      text: fact.text,
    })),
    ...given('unknownAbove', incident.unknownAbove, String),
    ...given('acknowledgedBy', incident.acknowledgedBy, same),
    ...given('mutedUntil', incident.mutedUntil, time),
    ...given('label', incident.label, same),
    notes: incident.notes.map((note) => ({ at: time(note.at), by: note.by, text: note.text })),
    story: { ...story },
  };
}

export function toApiRequest(request: GateRequest): ApiRequest {
  return { ...request };
}

/** Pre-image and what was left stay inside: they may hold what the user's endpoint considers private. */
export function toApiLease(lease: Lease): ApiLease {
  return {
    id: lease.id,
    policy: lease.policy,
    incident: lease.incident,
    stage: lease.stage,
    actuator: lease.actuator,
    request: toApiRequest(lease.request),
    state: lease.state,
    ...given('why', lease.why, String),
    grantedAt: time(lease.grantedAt),
    expiresAt: time(lease.expiresAt),
    ...given('releasedAt', lease.releasedAt, time),
    renewals: lease.renewals,
    because: lease.because,
    ...given('error', lease.error, same),
  };
}

export function toApiValve(valve: ValveState): ApiValve {
  return {
    stage: valve.stage,
    state: valve.state,
    ...given('rate', valve.rate, same),
    ...given('factor', valve.factor, same),
    ...given('reason', valve.reason, same),
    ...given('lease', valve.lease, same),
    ...given('until', valve.until, time),
    version: valve.version,
  };
}

/** The valve of a stage that has none: it was never held, so it is open. */
export const openValve = (stage: StageId): ApiValve => ({ stage, state: 'open', version: 0 });

export function toApiDecision(decision: Decision): ApiDecision {
  return {
    at: time(decision.at),
    policy: decision.policy,
    stage: decision.stage,
    kind: decision.kind,
    reason: decision.reason,
    ...given('incident', decision.incident, same),
    ...given('lease', decision.lease, same),
    ...given('request', decision.request, toApiRequest),
    because: decision.because,
  };
}

export function toApiPolicy(policy: PolicyView): ApiPolicy {
  return {
    name: policy.name,
    mode: policy.mode,
    configuredMode: policy.configuredMode,
    keep: policy.keep,
    may: [...policy.may],
    uses: policy.uses,
    ...given('cooldownUntil', policy.cooldownUntil, time),
    ...given('last', policy.last, toApiDecision),
  };
}

export function toApiBudget(view: BudgetView): ApiBudget {
  const { pipeline, budget, pagesUsed, ticketsUsed, opened, realised, demoted } = view;
  return {
    pipeline,
    pagesPerWeek: budget.pagesPerWeek,
    ticketsPerWeek: budget.ticketsPerWeek,
    pagesUsed,
    ticketsUsed,
    opened: { ...opened },
    realisedPerWeek: realised,
    demoted: demoted.map(({ subject, detector, demotion }) => ({
      subject,
      detector,
      ...demotion,
      since: time(demotion.since),
    })),
  };
}

export function toApiHealth(health: HealthView): ApiHealth {
  return {
    version: health.version,
    startedAt: time(health.startedAt),
    ready: health.ready,
    degraded: [...health.degraded],
    config: { loadedAt: time(health.configLoadedAt), ok: health.configOk },
    sources: health.sources.map((source) => ({
      name: source.name,
      type: source.type,
      ok: source.ok,
      ...given('lastError', source.lastError, same),
      ...given('failingSince', source.failingSince, time),
      failures: source.failures,
    })),
    seeding: health.seeding.map((one) => ({ ...one })),
    outbox: { pending: health.outbox.pending, ...given('oldestAt', health.outbox.oldestAt, time) },
    notifiers: health.notifiers.map(({ name, type }) => ({ name, type })),
  };
}
