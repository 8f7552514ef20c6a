import type { Incident } from '../../src/domain/incident.ts';
import type { Lease } from '../../src/domain/lease.ts';
import type { Notice } from '../../src/domain/notice.ts';
import type { Events, View } from '../../src/domain/ports.ts';
import type { Profile } from '../../src/domain/profile.ts';
import type { Score } from '../../src/domain/score.ts';
import { emptySnapshot, type Gap, type Snapshot } from '../../src/domain/snapshot.ts';
import type { StageId } from '../../src/domain/stage.ts';
import { HOUR } from '../../src/domain/time.ts';
import type { Severity, Verdict } from '../../src/domain/verdict.ts';

export const NOW = Date.UTC(2026, 10, 21, 3, 10);
export const ENRICH: StageId = 'orders.enrich';

export const readyScore = (stage: StageId, signal: string, observed: number, value: number): Score => ({
  subject: `${stage}/${signal}`,
  detector: 'baseline',
  state: 'ready',
  pValue: 0.01,
  because: [{ signal, share: 1 }],
  observed,
  expected: { lower: 1.8, centre: 6, upper: 16 },
  value,
  ticketLine: 0.6,
});

/** A limit of 120 s in sight, in about 14 min. */
export const reachScore = (stage: StageId, signal: string, likely = 840_000): Score => ({
  subject: `${stage}/${signal}`,
  detector: 'forecast',
  state: 'limit',
  rule: 'above',
  severity: 'warning',
  broken: false,
  patience: 0,
  observed: 48,
  limit: 120,
  reach: { likely, soonest: 600_000, latest: 1_500_000 },
  value: 0.6,
  ticketLine: 0.6,
});

/** Worth a page by its value, but its detector may only open tickets. */
export const demotedScore = (stage: StageId, signal: string): Score => ({
  ...readyScore(stage, signal, 12, 3),
  demoted: { since: NOW, pages: 6, accepted: 4, weeks: 4 },
});

export const driftScore = (stage: StageId, field: string, value: number): Score => ({
  ...readyScore(stage, field, 0, value),
  state: 'ready',
  pValue: 1e-6,
  because: [{ signal: field, share: 1 }],
  detector: 'drift',
  drift: {
    test: 'mann-whitney',
    statistic: 5.2,
    pValue: 1e-7,
    adjustedP: 3e-7,
    usualP: 1e-4,
    effect: 0.31,
    effectNull: 0.02,
    line: 0.03,
    nRef: 4_000,
    nCur: 1_000,
    moved: 'median 20 → 31',
    reference: {
      rows: 4_000,
      nulls: 0,
      quantiles: [
        [0, 1],
        [0.5, 20],
        [1, 90],
      ],
    },
  },
});

export const amountProfile: Profile = {
  field: 'amount',
  kind: 'number',
  from: NOW - HOUR,
  to: NOW,
  rows: 1_000,
  nulls: 50,
  quantiles: [
    [0, 2],
    [0.5, 31],
    [1, 95],
  ],
  exact: true,
};

export const warmingScore = (stage: StageId, signal: string): Score => ({
  subject: `${stage}/${signal}`,
  detector: 'baseline',
  state: 'warming',
  seen: 3,
  need: 60,
  value: 0,
  ticketLine: 0.6,
});

export const snapshotOf = (
  stage: StageId,
  values: Readonly<Record<string, number>>,
  gaps: readonly Gap[] = [],
): Snapshot => ({
  ...emptySnapshot(stage, NOW),
  values: new Map(Object.entries(values)),
  gaps,
});

export const verdictOf = (stage: StageId, state: Severity, because: readonly Score[] = []): Verdict => ({
  stage,
  at: NOW,
  state,
  since: NOW,
  because,
  warming: [],
  blind: [],
});

export const judgedEvent = (
  snapshot: Snapshot,
  scores: readonly Score[],
  state: Severity,
  previous?: Severity,
): Parameters<Events['judged']>[0] => ({
  snapshot,
  scores,
  verdict: verdictOf(
    snapshot.stage,
    state,
    scores.filter(({ value }) => value >= 1),
  ),
  previous: previous === undefined ? undefined : verdictOf(snapshot.stage, previous),
  frozen: state !== 'ok',
  // Whatever its lag is now: between 30 and 60 s in half an hour.
  outlooks: snapshot.values.has('lag_seconds')
    ? [{ signal: 'lag_seconds', at: NOW, points: [{ after: 1_800_000, lower: 30, centre: 40, upper: 60 }] }]
    : [],
  seconds: 0.002,
});

export const gap: Gap = {
  probe: '1 kafka-main',
  signals: ['lag_seconds'],
  code: 'timeout',
  message: 'no answer from kafka-main within 5 s',
};

export const incident: Incident = {
  id: '7',
  pipeline: 'orders',
  root: ENRICH,
  affected: [ENRICH, 'orders.clean'],
  severity: 'critical',
  cause: 'slow',
  state: 'open',
  openedAt: NOW,
  because: [],
  rootMoved: false,
  notes: [],
};

export const lease: Lease = {
  id: 'L-1',
  policy: 'keep-enrich',
  incident: '7',
  stage: 'orders.ingest',
  actuator: 'valve',
  request: { kind: 'throttle', rate: 40 },
  state: 'active',
  grantedAt: NOW,
  expiresAt: NOW + 120_000,
  renewals: 0,
  because: 'enrich is critical',
};

export const notice: Notice = {
  key: '7/opened',
  at: NOW,
  change: 'opened',
  severity: 'critical',
  incident,
  leases: [],
  story: { headline: 'enrich is slow', wrong: 'w', also: '', done: 'd', next: 'n' },
};

/** The part of a view that the metrics read. */
export const viewOf = (ids: readonly StageId[], over: Partial<View> = {}): View => {
  const none = async (): Promise<never[]> => [];
  return {
    stages: () =>
      ids.map((id) => ({
        id,
        after: [],
        every: 1_000,
        verdict: undefined,
        snapshot: undefined,
        scores: [],
        frozen: false,
        learned: 1,
        relearning: [],
      })),
    stage: () => undefined,
    stageIds: () => ids,
    incidents: none,
    leases: none,
    decisions: none,
    series: none,
    outlooks: () => [],
    exclusions: () => [],
    valve: (stage) => ({ stage, state: 'open', version: 1 }),
    waitValve: async () => undefined,
    policies: () => [],
    budgets: () => [
      {
        pipeline: 'orders',
        budget: { pagesPerWeek: 1, ticketsPerWeek: 7 },
        pagesUsed: 0,
        ticketsUsed: 2,
        opened: { real: 1, false: 0, none: 2 },
        realised: 0.75,
        demoted: [
          {
            subject: 'orders.enrich/rows',
            detector: 'baseline',
            demotion: { since: 0, pages: 6, accepted: 4, weeks: 4 },
          },
        ],
      },
    ],
    health: () => ({
      version: '0.1.0',
      startedAt: NOW,
      ready: true,
      degraded: [],
      configLoadedAt: NOW,
      configOk: true,
      sources: [],
      seeding: [],
      outbox: { pending: 0 },
      notifiers: [{ name: 'oncall', type: 'pagerduty' }],
    }),
    now: () => NOW,
    ...over,
  };
};
