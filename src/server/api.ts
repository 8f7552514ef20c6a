/**
 * The JSON that leaves the server. Times are RFC 3339 strings in UTC, durations seconds, rates records per second.
 * A number that is not known is `null`, never 0. Lists are newest first.
 */
export type ApiSeverity = 'ok' | 'warning' | 'critical' | 'unknown';

export interface ApiExpected {
  lower: number;
  centre: number;
  upper: number;
}

export interface ApiReach {
  limit: number;
  likelySeconds: number;
  soonestSeconds: number;
  /** Null where it may never come to that. */
  latestSeconds: number | null;
}

export interface ApiSignal {
  signal: string;
  unit: string;
  value: number | null;
  expected: ApiExpected | null;
  /** 0 … 1000; 1 is the page line. Null while warming or blind. */
  score: number | null;
  pValue: number | null;
  state: 'warming' | 'blind' | 'ready' | 'limit' | 'gap' | 'absent';
  /** Share learned while warming, 0 … 1. */
  learned: number | null;
  detector: string | null;
  limit: number | null;
  /** The limit that is reached before long at the present course, and when from `at` of the stage; null while none is in sight. */
  reach: ApiReach | null;
  /** Why there is no value. */
  gap: string | null;
}

/** Times that are not learned: for one signal, or (null) for the whole stage. */
export interface ApiExcluded {
  from: string;
  to: string;
  why: string;
  signal: string | null;
}

/** One test behind a score; `surprise` is -ln p of it alone. */
export interface ApiVote {
  vote: string;
  surprise: number;
}

export interface ApiStage {
  id: string;
  pipeline: string;
  stage: string;
  after: string[];
  everySeconds: number;
  verdict: ApiSeverity;
  /** Since when the verdict is what it is; null before the first tick. */
  since: string | null;
  at: string | null;
  /** The worst score of the stage; null where nothing is ready. */
  score: number | null;
  /** The verdict in one sentence without a full stop; empty where nothing is wrong or nobody can tell. */
  sentence: string;
  because: {
    subject: string;
    detector: string;
    score: number;
    text: string;
    contributions: { signal: string; share: number }[];
    /** Most surprising first. */
    votes: ApiVote[];
  }[];
  signals: ApiSignal[];
  gaps: { probe: string; code: string; message: string }[];
  warming: string[];
  /** Detectors that learn again what they knew before the start, in words that follow their name, until they have. */
  relearning: { detector: string; reason: 'update' | 'config' | 'damaged'; text: string }[];
  blind: string[];
  frozen: boolean;
  /** Those that hold now: what was learned says nothing of them. */
  excluded: ApiExcluded[];
  /** Share of subjects that are ready, 0 … 1. */
  learned: number;
  /** Profiled fields, and those of them that drifted; more is at `/profiles` below the stage. */
  fields: number;
  drifted: number;
  valve: ApiValve;
}

/** How the values of a field are spread: quantiles as pairs of share and value, or counts of the most frequent values. */
export interface ApiSpread {
  rows: number;
  nulls: number;
  quantiles: [number, number][] | null;
  top: [string, number][] | null;
}

/** A profiled field of a stage, and what came of comparing it with its reference. */
export interface ApiProfile {
  field: string;
  kind: 'number' | 'category' | 'time' | 'text' | 'bool' | 'vector' | null;
  /** The data described was produced from … to; `from` is null where the profile is of a whole table. */
  from: string | null;
  to: string | null;
  /** False where a sample stands for the data. */
  exact: boolean;
  distinct: number | null;
  /** Null where there is no profile now; `why` then says what is missing. */
  current: ApiSpread | null;
  reference: ApiSpread | null;
  /** `unwatched`: no detector compares the field. */
  result: 'drift' | 'none' | 'insufficient' | 'warming' | 'unwatched';
  score: number | null;
  test: string | null;
  statistic: number | null;
  pValue: number | null;
  adjustedP: number | null;
  effect: number | null;
  /** What chance alone gives of the effect; from `effectLine` above it a change matters. */
  effectNull: number | null;
  effectLine: number | null;
  nRef: number | null;
  nCur: number | null;
  why: string;
}

export interface ApiVerdict {
  stage: string;
  state: ApiSeverity;
  at: string;
  since: string;
  sentence: string;
  because: ApiStage['because'];
  excluded: ApiExcluded[];
}

export interface ApiStory {
  headline: string;
  wrong: string;
  also: string;
  done: string;
  next: string;
}

export interface ApiIncident {
  id: string;
  pipeline: string;
  root: string;
  affected: string[];
  severity: 'warning' | 'critical';
  cause: string;
  state: 'open' | 'recovering' | 'resolved';
  openedAt: string;
  recoveringAt?: string;
  resolvedAt?: string;
  resolution?: string;
  because: {
    subject: string;
    detector: string;
    score: number;
    observed: number | null;
    expected: [number, number] | null;
    limit: number | null;
    /** The signal's share of all that was surprising about the stage, 0 … 1. */
    share: number | null;
    /** Where it is of several signals: the part of each, as it was when the fact was found; else empty. */
    parts: {
      signal: string;
      unit: string;
      share: number;
      observed: number | null;
      expected: [number, number] | null;
    }[];
    votes: ApiVote[];
    text: string;
  }[];
  unknownAbove?: string;
  acknowledgedBy?: string;
  mutedUntil?: string;
  label?: 'real' | 'not-an-anomaly';
  notes: { at: string; by: string; text: string }[];
  story: ApiStory;
}

export type ApiRequest = { kind: 'throttle'; rate: number } | { kind: 'pause' } | { kind: 'scale'; replicas: number };

export interface ApiLease {
  id: string;
  policy: string;
  incident: string;
  stage: string;
  actuator: string;
  request: ApiRequest;
  state: 'pending' | 'applying' | 'active' | 'reverting' | 'released' | 'failed';
  why?: string;
  grantedAt: string;
  expiresAt: string;
  releasedAt?: string;
  renewals: number;
  because: string;
  error?: string;
}

export interface ApiValve {
  stage: string;
  state: 'open' | 'throttled' | 'paused';
  rate?: number;
  factor?: number;
  reason?: string;
  lease?: string;
  until?: string;
  version: number;
}

export interface ApiDecision {
  at: string;
  policy: string;
  stage: string;
  kind: 'engage' | 'adjust' | 'renew' | 'release' | 'withhold';
  reason: string;
  incident?: string;
  lease?: string;
  request?: ApiRequest;
  because: string;
}

export interface ApiPolicy {
  name: string;
  mode: 'observe' | 'dry-run' | 'enforce';
  configuredMode: 'observe' | 'dry-run' | 'enforce';
  keep: string;
  may: string[];
  uses: number;
  cooldownUntil?: string;
  last?: ApiDecision;
}

export interface ApiBudget {
  pipeline: string;
  pagesPerWeek: number;
  ticketsPerWeek: number;
  pagesUsed: number;
  ticketsUsed: number;
  /** Pages of the last seven days by what people said of them. */
  opened: { real: number; false: number; none: number };
  /** Pages a week over the last four weeks that were not labelled real. */
  realisedPerWeek: number;
  /** Detectors that open tickets only, since they alone opened more pages than accepted. */
  demoted: { subject: string; detector: string; since: string; pages: number; accepted: number; weeks: number }[];
}

export interface ApiHealth {
  version: string;
  startedAt: string;
  ready: boolean;
  degraded: string[];
  config: { loadedAt: string; ok: boolean };
  sources: { name: string; type: string; ok: boolean; lastError?: string; failingSince?: string; failures: number }[];
  /** Pipelines that learn from their past now; share of its time that is behind them, 0 … 1. */
  seeding: { pipeline: string; samples: number; share: number }[];
  outbox: { pending: number; oldestAt?: string };
  notifiers: { name: string; type: string }[];
}

/** Arrays of equal length, oldest first; `at` in milliseconds since 1970; null where nothing is known. */
export interface ApiSeries {
  stage: string;
  from: string;
  to: string;
  stepSeconds: number;
  signals: {
    signal: string;
    at: number[];
    value: (number | null)[];
    lower: (number | null)[];
    upper: (number | null)[];
  }[];
  /** Where signals that are followed go from their last sample on, nine chances in ten on either side; empty where `to` is past. */
  ahead: {
    signal: string;
    at: number[];
    lower: number[];
    centre: number[];
    upper: number[];
    /** The limit that is in sight, and when it is reached from the last sample. */
    reach: ApiReach | null;
  }[];
  /** Those that overlap what was asked for and what lies ahead. */
  excluded: ApiExcluded[];
}

/**
 * `event:` and `data:` of the stream at `/api/v1/events`; `id:` is `seq`. A comment line every 5 s keeps it open.
 * `hello` comes first. With `resumed: true` everything missed since `Last-Event-ID` follows; without it, and whenever
 * another `hello` comes later (the config was loaded anew), read everything again. `needsToken`: commands need a token.
 */
export type ApiEvent =
  | {
      event: 'hello';
      data: { version: string; now: string; seq: number; readOnly: boolean; needsToken?: boolean; resumed?: boolean };
    }
  | { event: 'stage'; data: ApiStage }
  | { event: 'incident'; data: ApiIncident }
  | { event: 'lease'; data: ApiLease }
  | { event: 'valve'; data: ApiValve }
  | { event: 'decision'; data: ApiDecision }
  | {
      event: 'notice';
      data: { at: string; notifier: string; incident: string; change: string; ok: boolean; error?: string };
    };

/** Body of every answer with a status of 400 or more. */
export interface ApiError {
  error: { code: string; message: string };
}

/**
 * Bodies of the commands, by path below `/api/v1/`. Every one may hold `by`, who asks, for the audit log.
 * Durations are text such as `30m`, or seconds. The answer is `{"ok": true}` or an `ApiError`.
 */
export interface ApiCommands {
  'leases/{id}/release': { reason: string; holdoff?: string | number };
  'incidents/{id}/ack': Record<never, never>;
  'incidents/{id}/mute': { for?: string | number; until?: string };
  'incidents/{id}/label': { label: 'real' | 'not-an-anomaly' };
  'incidents/{id}/note': { text: string };
  'subjects/{id}/accept': Record<never, never>;
  'policies/{name}/promote': { mode: 'observe' | 'dry-run' | 'enforce' };
  'actions/stop': { reason: string };
  'actions/resume': Record<never, never>;
  'notifiers/{name}/test': Record<never, never>;
}
