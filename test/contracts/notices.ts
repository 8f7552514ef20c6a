import fc from 'fast-check';
import type { Incident } from '../../src/domain/incident.ts';
import type { Lease } from '../../src/domain/lease.ts';
import type { Notice } from '../../src/domain/notice.ts';

const T0 = Date.UTC(2026, 10, 21, 3, 10);

export const incidentOf = (more: Partial<Incident> = {}): Incident => ({
  id: '3',
  pipeline: 'orders',
  root: 'orders.enrich',
  affected: ['orders.enrich', 'orders.load'],
  severity: 'critical',
  cause: 'slow',
  state: 'open',
  openedAt: T0,
  because: [
    {
      subject: 'orders.enrich/lag_seconds',
      detector: 'limits',
      score: 2.5,
      observed: 12.5,
      lower: 0,
      upper: 1.5,
      limit: 5,
      text: 'lag_seconds is 12.5 s, limit 5 s',
    },
  ],
  rootMoved: false,
  notes: [],
  ...more,
});

export const noticeOf = (more: Partial<Notice> = {}): Notice => ({
  key: `headgate-3-opened-${T0}`,
  at: T0,
  change: 'opened',
  severity: 'critical',
  incident: incidentOf(),
  leases: [],
  story: {
    headline: 'enrich is slow and 12.5 s behind',
    wrong: 'enrich is 12.5 s behind, expected 0 to 1.5 s, since 03:10; nothing above it is unusual',
    also: 'load feels it',
    done: 'ingest is throttled to 32/s until 03:11',
    next: 'the gate opens by itself at 03:11',
  },
  ...more,
});

/** The end of the same incident. */
export const resolvedNotice = (): Notice =>
  noticeOf({
    key: `headgate-3-resolved-${T0 + 60_000}`,
    at: T0 + 60_000,
    change: 'resolved',
    incident: incidentOf({ state: 'resolved', resolvedAt: T0 + 60_000, resolution: 'recovered' }),
  });

// What fast-check draws by itself is short, so that nothing would ever have to be cut: a short piece is repeated instead.
const text = (maxLength: number) =>
  fc
    .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 10 }), fc.integer({ min: 0, max: maxLength }))
    .map(([piece, length]) => piece.repeat(length).slice(0, length));
const many = <T>(one: fc.Arbitrary<T>, most: number) =>
  fc
    .tuple(fc.array(one, { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: most }))
    .map(([few, count]) => Array.from({ length: count }, (_, index) => few[index % few.length] as T));
const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,63}$/);
const stage = fc.tuple(name, name).map(([pipeline, short]) => `${pipeline}.${short}` as const);
const time = fc.integer({ min: T0, max: T0 + 1e9 });

const evidence = fc.record({
  subject: stage.map((id) => `${id}/lag_seconds` as const),
  detector: name,
  score: fc.double({ min: 0, max: 1_000, noNaN: true }),
  observed: fc.double({ noNaN: true, noDefaultInfinity: true }),
  text: text(2_000),
});

const lease: fc.Arbitrary<Lease> = fc.record({
  id: name,
  policy: name,
  incident: fc.constant('3'),
  stage,
  actuator: name,
  request: fc.record({ kind: fc.constant('throttle' as const), rate: fc.double({ min: 0, max: 1e6, noNaN: true }) }),
  state: fc.constantFrom('active' as const, 'released' as const, 'failed' as const),
  grantedAt: time,
  expiresAt: time,
  renewals: fc.nat(),
  preImage: fc.constant('kept-at-home'),
  error: text(1_000),
  because: text(1_000),
});

const note = fc.record({ at: time, by: text(200), text: text(3_000) });

/** Incidents as bad as they come: any Unicode, many entries, long texts. The two lines that must stay are at most 500 long. */
export const anyNotice: fc.Arbitrary<Notice> = fc
  .record({
    affected: many(stage, 100),
    because: many(evidence, 40),
    notes: many(note, 20),
    leases: many(lease, 10),
    headline: text(1_000),
    wrong: text(500),
    also: text(3_000),
    done: text(3_000),
    next: text(500),
  })
  .map(({ affected, because, notes, leases, ...story }) =>
    noticeOf({ incident: incidentOf({ affected, because, notes }), leases, story }),
  );

/** Signals that are unusual together, as a detector of the whole finds them. */
export const together: Incident['because'][number] = {
  subject: 'orders.enrich/*',
  detector: 'multivariate',
  score: 3,
  parts: [
    { signal: 'lag_seconds', share: 0.6, observed: 321, expected: { lower: 2, centre: 8, upper: 16 } },
    { signal: 'rows', share: 0.4 },
  ],
  text: 'unusual together: lag_seconds 321 s, usually 2 to 16 s (60 %); rows 40 %',
};
