import type { ApiDecision, ApiIncident, ApiLease, ApiPolicy } from '../../../src/server/api.ts';
import { HELD_SINCE, HELD_UNTIL, iso, NIGHT, OPENED } from './shapes.ts';

const MINUTE = 60_000;

export const incident: ApiIncident = {
  id: '4127',
  pipeline: 'orders',
  root: 'orders.enrich',
  affected: ['orders.enrich', 'orders.clean', 'orders.fraud-score', 'orders.warehouse'],
  severity: 'critical',
  cause: 'slow',
  state: 'open',
  openedAt: iso(OPENED),
  because: [
    {
      subject: 'orders.enrich/lag_seconds',
      detector: 'baseline',
      score: 23,
      observed: 321,
      expected: [1.8, 16],
      limit: null,
      share: 0.71,
      parts: [],
      votes: [
        { vote: 'novelty', surprise: 14.2 },
        { vote: 'season', surprise: 9.1 },
      ],
      text: 'lag_seconds 321 s, usually 1.8 to 16 s at this hour',
    },
    {
      subject: 'orders.enrich/latency_p99_seconds',
      detector: 'baseline',
      score: 6,
      observed: 2.7,
      expected: [0.27, 0.57],
      limit: null,
      share: 0.2,
      parts: [],
      votes: [],
      text: 'latency_p99_seconds 2.7 s, usually 0.27 to 0.57 s',
    },
  ],
  notes: [{ at: iso(NIGHT - 2 * MINUTE), by: 'ana', text: 'looking at the workers now' }],
  story: {
    headline: 'enrich is 5 min behind and recovering',
    wrong:
      'lag_seconds 321 s, expected 1.8 to 16 s since 03:02; peak 346 s at 03:07. Nothing upstream is unusual, so enrich is the root.',
    also: 'clean, fraud-score, warehouse',
    done: 'ingest throttled to 40 % at 03:04 by policy protect-enrich. Paged data-oncall at 03:02.',
    next: 'Backlog clears about 03:27. The gate opens by itself in 6 min, or is renewed while lag is above 60 s.',
  },
};

export const oldIncident: ApiIncident = {
  ...incident,
  id: '4126',
  pipeline: 'payments',
  root: 'payments.ledger',
  affected: ['payments.ledger'],
  severity: 'warning',
  cause: 'surge',
  state: 'resolved',
  openedAt: iso(NIGHT - 269 * MINUTE),
  recoveringAt: iso(NIGHT - 266 * MINUTE),
  resolvedAt: iso(NIGHT - 265 * MINUTE),
  resolution: 'recovered',
  label: 'real',
  notes: [],
  story: {
    headline: 'ledger was behind for 4 min',
    wrong: 'lag_seconds 8 s, expected 0.2 to 1.7 s',
    also: '',
    done: 'No gate was moved.',
    next: '',
  },
};

export const lease: ApiLease = {
  id: 'L-88',
  policy: 'protect-enrich',
  incident: '4127',
  stage: 'orders.ingest',
  actuator: 'valve',
  request: { kind: 'throttle', rate: 736 },
  state: 'active',
  grantedAt: iso(HELD_SINCE),
  expiresAt: iso(HELD_UNTIL),
  renewals: 0,
  because: 'enrich has been critical for 2 min; lag_seconds 232 s is above 60 s',
};

export const oldLease: ApiLease = {
  ...lease,
  id: 'L-87',
  incident: '4100',
  state: 'released',
  why: 'recovered',
  grantedAt: iso(NIGHT - 2_000 * MINUTE),
  expiresAt: iso(NIGHT - 1_988 * MINUTE),
  releasedAt: iso(NIGHT - 1_990 * MINUTE),
};

const decision = (
  minutes: number,
  of: Partial<ApiDecision> & Pick<ApiDecision, 'policy' | 'kind' | 'reason' | 'because'>,
): ApiDecision => ({
  at: iso(NIGHT - minutes * MINUTE),
  stage: 'orders.ingest',
  incident: '4127',
  ...of,
});

export const decisions: ApiDecision[] = [
  decision(1, {
    policy: 'protect-enrich',
    kind: 'renew',
    reason: 'still-broken',
    lease: 'L-88',
    because: 'lag_seconds 330 s is above the release line of 60 s',
  }),
  decision(4, {
    policy: 'pause-clean',
    kind: 'withhold',
    reason: 'dry-run',
    stage: 'orders.clean',
    because: 'would have paused clean for 10 min',
  }),
  decision(4, {
    policy: 'scale-enrich',
    kind: 'withhold',
    reason: 'cooldown',
    stage: 'orders.enrich',
    because: 'last scaled 02:56, 4 of 10 min left',
  }),
  decision(6, {
    policy: 'protect-enrich',
    kind: 'engage',
    reason: 'incident-critical',
    lease: 'L-88',
    because: 'critical held for 2 min; ingest 100 % to 40 %, lease 12 min',
  }),
];

export const policies: ApiPolicy[] = [
  {
    name: 'protect-enrich',
    mode: 'enforce',
    configuredMode: 'enforce',
    keep: 'orders.enrich lag_seconds below 1 min',
    may: ['throttle orders.ingest, never below 20 /s'],
    uses: 3,
    last: decisions[0]!,
  },
  {
    name: 'scale-enrich',
    mode: 'enforce',
    configuredMode: 'enforce',
    keep: 'orders.enrich lag_seconds below 2 min',
    may: ['scale orders.enrich 2 to 9'],
    uses: 1,
    cooldownUntil: iso(NIGHT + 4 * MINUTE),
    last: decisions[2]!,
  },
  {
    name: 'pause-clean',
    mode: 'dry-run',
    configuredMode: 'dry-run',
    keep: 'orders.warehouse freshness_seconds below 5 min',
    may: ['pause orders.clean'],
    uses: 0,
    last: decisions[1]!,
  },
];
