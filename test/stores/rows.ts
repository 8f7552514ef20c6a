import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Decision } from '../../src/domain/decision.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Lease } from '../../src/domain/lease.ts';
import type { OutboxItem, Retention, SampleRow } from '../../src/domain/ports.ts';
import type { StageId } from '../../src/domain/stage.ts';
import { DAY, HOUR } from '../../src/domain/time.ts';

/** A Monday, at the start of an hour. */
export const MONDAY = Date.UTC(2026, 0, 5);
export const STAGE: StageId = 'orders.enrich';
export const RETENTION: Retention = { raw: 48 * HOUR, minutes: 14 * DAY, hours: 365 * DAY, history: 90 * DAY };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const incident = (id: string, change: Partial<Incident> = {}): Incident => ({
  id,
  pipeline: 'orders',
  root: STAGE,
  affected: [STAGE],
  severity: 'critical',
  cause: 'slow',
  state: 'open',
  openedAt: MONDAY,
  because: [
    {
      subject: `${STAGE}/lag_seconds`,
      detector: 'baseline',
      score: 1.5,
      observed: 310.25,
      text: 'five minutes behind',
    },
  ],
  rootMoved: false,
  notes: [],
  ...change,
});

export const lease = (id: string, change: Partial<Lease> = {}): Lease => ({
  id,
  policy: 'keep-enrich',
  incident: 'i1',
  stage: 'orders.ingest',
  actuator: 'valve',
  request: { kind: 'throttle', rate: 20 },
  state: 'active',
  grantedAt: MONDAY,
  expiresAt: MONDAY + 120_000,
  renewals: 0,
  preImage: { open: true },
  because: 'enrich is behind',
  ...change,
});

export const decision = (change: Partial<Omit<Decision, 'kind' | 'reason'>> = {}): Decision => ({
  at: MONDAY,
  policy: 'keep-enrich',
  stage: 'orders.ingest',
  because: 'still cooling down',
  kind: 'withhold',
  reason: 'cooldown',
  ...change,
});

export const item = (id: string, change: Partial<OutboxItem> = {}): OutboxItem => ({
  id,
  lane: 'notifier:oncall',
  priority: 0,
  createdAt: MONDAY,
  dueAt: MONDAY,
  attempts: 0,
  giveUpAt: MONDAY + DAY,
  body: { text: 'hello' },
  ...change,
});

export const sample = (
  at: number,
  values: Readonly<Record<string, number>>,
  bands: Readonly<Record<string, readonly [number, number]>> = {},
  stage: StageId = STAGE,
): SampleRow => ({
  stage,
  at,
  values: new Map(Object.entries(values)),
  bands: new Map(Object.entries(bands).map(([signal, [lower, upper]]) => [signal, { lower, upper }])),
});

/** A folder that is gone after the test. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'headgate-store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
