import type { LimitPlan, SignalPlan, StagePlan } from '../../src/domain/plan.ts';
import { DAY, MINUTE, WEEK } from '../../src/domain/time.ts';

/** A signal as the user might have described it; nothing but its name by default. */
export const signalPlan = (name: string, of: Partial<SignalPlan> = {}): SignalPlan => ({
  name,
  direction: 'both',
  limits: [],
  detect: true,
  minimumChange: { absolute: 0, relative: 0 },
  ...of,
});

export const limitPlan = (of: Partial<LimitPlan> & Pick<LimitPlan, 'rule'>): LimitPlan => ({
  value: 0,
  severity: 'critical',
  patience: 0,
  ...of,
});

/** One stage, asked every minute, with a day and a week as seasons. */
export const stagePlan = (signals: readonly SignalPlan[] = [], of: Partial<StagePlan> = {}): StagePlan => ({
  id: 'orders.enrich',
  after: [],
  every: MINUTE,
  season: [DAY, WEEK],
  budget: { pagesPerWeek: 1, ticketsPerWeek: 7 },
  signals: new Map(signals.map((signal) => [signal.name, signal])),
  derive: [],
  detectors: [],
  fingerprint: 'test',
  ...of,
});
