import type { ApiStage } from '../../../src/server/api.ts';

/** 2026-08-14 03:10 in UTC: the night in which the recorded incident plays. */
export const NIGHT = Date.UTC(2026, 7, 14, 3, 10);
export const OPENED = NIGHT - 8 * 60_000;
export const HELD_SINCE = NIGHT - 6 * 60_000;
export const HELD_UNTIL = NIGHT + 6 * 60_000;

export const iso = (at: number): string => new Date(at).toISOString();

/** One signal of the recorded pipeline: its band, and where the incident takes it. */
export interface SignalShape {
  readonly name: string;
  readonly unit: string;
  readonly band: readonly [lower: number, centre: number, upper: number];
  /** Value at the peak of the incident; undefined where the signal stays calm. */
  readonly peak?: number;
}

export interface StageShape {
  readonly id: string;
  readonly after: readonly string[];
  readonly signals: readonly SignalShape[];
}

const lag = (upper: number, peak?: number): SignalShape => ({
  name: 'lag_seconds',
  unit: 'seconds',
  band: [upper / 9, upper / 2, upper],
  ...(peak !== undefined && { peak }),
});
const rate = (name: string, centre: number, peak?: number): SignalShape => ({
  name,
  unit: 'records_per_second',
  band: [centre * 0.9, centre, centre * 1.1],
  ...(peak !== undefined && { peak }),
});
const fresh = (upper: number, peak?: number): SignalShape => ({
  name: 'freshness_seconds',
  unit: 'seconds',
  band: [upper / 2.5, upper / 1.6, upper],
  ...(peak !== undefined && { peak }),
});

/** Two pipelines; in `orders` one worker of `enrich` is lost at 03:00. */
export const STAGES: readonly StageShape[] = [
  { id: 'orders.ingest', after: [], signals: [rate('out_records_per_second', 1_840, 740), fresh(6)] },
  {
    id: 'orders.enrich',
    after: ['orders.ingest'],
    signals: [
      lag(16, 346),
      { name: 'latency_p99_seconds', unit: 'seconds', band: [0.27, 0.4, 0.57], peak: 2.9 },
      rate('out_records_per_second', 1_800, 850),
      { name: 'error_ratio', unit: 'ratio', band: [0.0005, 0.002, 0.0035], peak: 0.009 },
      { name: 'dlq_depth', unit: 'records', band: [0, 3, 6] },
      { name: 'drain_seconds', unit: 'seconds', band: [0, 2, 8], peak: 1_080 },
    ],
  },
  {
    id: 'orders.clean',
    after: ['orders.enrich'],
    signals: [fresh(23, 300), rate('out_records_per_second', 1_790, 850)],
  },
  { id: 'orders.fraud-score', after: ['orders.enrich'], signals: [rate('out_records_per_second', 1_780, 798), lag(9)] },
  { id: 'orders.search-index', after: ['orders.enrich'], signals: [lag(6.9), rate('out_records_per_second', 1_770)] },
  {
    id: 'orders.warehouse',
    after: ['orders.clean'],
    signals: [{ name: 'rows', unit: 'count', band: [89_000, 97_000, 106_000], peak: 45_000 }, fresh(300)],
  },
  {
    id: 'orders.features',
    after: ['orders.fraud-score'],
    signals: [{ name: 'lag_records', unit: 'records', band: [60, 120, 180] }, fresh(40)],
  },
  {
    id: 'orders.daily-report',
    after: ['orders.warehouse'],
    signals: [{ name: 'freshness_seconds', unit: 'seconds', band: [4_700, 5_600, 6_500] }],
  },
  { id: 'payments.ledger', after: [], signals: [lag(1.7), rate('out_records_per_second', 210)] },
  { id: 'payments.refunds', after: ['payments.ledger'], signals: [lag(2.3)] },
  {
    id: 'payments.settle',
    after: ['payments.ledger'],
    signals: [{ name: 'rows', unit: 'count', band: [1_900, 2_200, 2_500] }],
  },
  { id: 'payments.payout-files', after: ['payments.settle'], signals: [fresh(960)] },
];

const POINTS: readonly (readonly [minutes: number, height: number])[] = [
  [-10, 0],
  [-8, 0.35],
  [-7, 0.62],
  [-5, 0.88],
  [-3, 1],
  [-1, 0.96],
  [0, 0.93],
  [17, 0],
];

/** How far the incident has gone at a time: 0 calm, 1 at its peak. */
export function heightAt(at: number): number {
  const minutes = (at - NIGHT) / 60_000;
  const next = POINTS.findIndex(([when]) => when > minutes);
  if (next <= 0) return 0;
  const [before, after] = [POINTS[next - 1]!, POINTS[next]!];
  return before[1] + ((after[1] - before[1]) * (minutes - before[0])) / (after[0] - before[0]);
}

/** Repeatable noise in −1 … 1 for a name and a second. */
function noise(name: string, at: number): number {
  let hash = Math.floor(at / 10_000) ^ 0x9e3779b9;
  for (const letter of name) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  hash ^= hash >>> 15;
  return ((Math.imul(hash, 0x2c1b3c6d) >>> 8) / 2 ** 23 - 1) * 0.8;
}

/** The value of a signal at a time, with or without the incident. */
export function valueAt(stage: string, signal: SignalShape, at: number, incident: boolean): number {
  const [lower, centre, upper] = signal.band;
  const drift = 0.15 * Math.sin(at / 2_400_000 + stage.length);
  const calm = centre + ((upper - lower) / 2) * (0.55 * noise(stage + signal.name, at) + drift);
  if (!incident || signal.peak === undefined) return Math.max(0, calm);
  const height = signal.peak < lower && heightAt(at) > 0.05 ? Math.max(0.9, heightAt(at)) : heightAt(at);
  return Math.max(0, calm + (signal.peak - centre) * height);
}

export const openValve = (stage: string): ApiStage['valve'] => ({ stage, state: 'open', version: 1 });
