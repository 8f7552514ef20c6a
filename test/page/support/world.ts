import type {
  ApiBudget,
  ApiDecision,
  ApiHealth,
  ApiIncident,
  ApiLease,
  ApiPolicy,
  ApiSeries,
  ApiSignal,
  ApiStage,
} from '../../../src/server/api.ts';
import { fields } from './fields.ts';
import { decisions, incident, lease, oldIncident, oldLease, policies } from './records.ts';
import { HELD_UNTIL, iso, NIGHT, OPENED, openValve, STAGES, type StageShape, valueAt } from './shapes.ts';

/** The situations that every screen must be good in. */
export type Situation = 'incident' | 'quiet' | 'learning' | 'gaps' | 'none' | 'many';

export interface World {
  stages: ApiStage[];
  incidents: ApiIncident[];
  leases: ApiLease[];
  decisions: ApiDecision[];
  policies: ApiPolicy[];
  budgets: ApiBudget[];
  health: ApiHealth;
}

const VERDICTS: Readonly<Record<string, readonly [verdict: ApiStage['verdict'], score: number, minutes: number]>> = {
  'orders.enrich': ['critical', 23, 8],
  'orders.clean': ['warning', 2.1, 7],
  'orders.fraud-score': ['warning', 1.7, 6],
  'orders.warehouse': ['warning', 1.2, 5],
};

const SILENT = 'orders.features';
const GAP = {
  probe: '1 redis-features',
  code: 'timeout',
  message: 'connect timeout to redis://features:6379 after 5 s',
};

function signalsOf(shape: StageShape, at: number, situation: Situation, silent: boolean, learned: number): ApiSignal[] {
  return shape.signals.map((signal, index) => {
    const value = valueAt(shape.id, signal, at, situation === 'incident');
    const [lower, centre, upper] = signal.band;
    const state = silent ? 'gap' : learned < 1 ? 'warming' : 'ready';
    const score = 0.1 + 0.07 * ((index + shape.id.length) % 4);
    return {
      signal: signal.name,
      unit: signal.unit,
      value: silent ? null : value,
      expected: learned < 1 ? null : { lower, centre, upper },
      score: state === 'ready' ? (VERDICTS[shape.id]?.[1] ?? score) : null,
      pValue: state === 'ready' ? (value > upper ? 4e-6 : 0.4) : null,
      state,
      learned: learned < 1 ? learned : null,
      detector: 'baseline',
      limit: signal.name === 'lag_seconds' && index === 0 ? 60 : null,
      reach: null,
      gap: silent ? GAP.message : null,
    };
  });
}

const contributions = [
  { signal: 'lag_seconds', share: 0.54 },
  { signal: 'latency_p99_seconds', share: 0.27 },
  { signal: 'out_records_per_second', share: 0.11 },
  { signal: 'error_ratio', share: 0.06 },
];

function stageAt(shape: StageShape, at: number, situation: Situation): ApiStage {
  const [pipeline = '', stage = ''] = shape.id.split('.');
  const silent = shape.id === SILENT && (situation === 'incident' || situation === 'gaps');
  const learned =
    situation === 'learning'
      ? shape.id.length % 4 === 0
        ? 1
        : 0.2 + (shape.id.length % 7) / 10 + (at - NIGHT) / 3_600_000
      : shape.id === 'payments.ledger'
        ? 0.62
        : 1;
  const judged = situation === 'incident' ? VERDICTS[shape.id] : undefined;
  const verdict = silent ? 'unknown' : (judged?.[0] ?? (learned < 1 ? 'unknown' : 'ok'));
  const held = situation === 'incident' && shape.id === 'orders.ingest';
  const first = shape.signals[0]!;
  const subject = `${shape.id}/${first.name}`;
  return {
    id: shape.id,
    pipeline,
    stage,
    after: [...shape.after],
    everySeconds: 10,
    verdict,
    since: iso(silent ? NIGHT - 5 * 60_000 : judged ? NIGHT - judged[2] * 60_000 : NIGHT - 265 * 60_000),
    at: iso(at),
    score: learned < 1 || silent ? null : (judged?.[1] ?? 0.1 + (shape.id.length % 5) / 12),
    sentence: judged ? `${first.name} is far from what it was at this hour; 71 % of the surprise` : '',
    because: judged
      ? [
          {
            subject,
            detector: 'baseline',
            score: judged[1],
            text: `${first.name} is far from what it was at this hour`,
            contributions: shape.id === 'orders.enrich' ? contributions : [{ signal: first.name, share: 1 }],
            votes: shape.id === 'orders.enrich' ? [{ vote: 'novelty', surprise: 14.2 }] : [],
          },
        ]
      : [],
    signals: signalsOf(shape, at, situation, silent, learned),
    gaps: silent ? [GAP] : [],
    warming: learned < 1 ? shape.signals.map((signal) => `${shape.id}/${signal.name}`) : [],
    relearning: [],
    blind: [],
    frozen: situation === 'incident' && pipeline === 'orders',
    excluded: [],
    learned: learned < 1 ? 0 : 1,
    fields: shape.id === 'orders.warehouse' ? fields.length : 0,
    drifted: shape.id === 'orders.warehouse' ? 1 : 0,
    valve: held
      ? {
          stage: shape.id,
          state: 'throttled',
          rate: 736,
          factor: 0.4,
          reason: 'enrich is critical',
          lease: 'L-88',
          until: iso(HELD_UNTIL),
          version: 7,
        }
      : openValve(shape.id),
  };
}

/** A thousand stages in one pipeline of ten, most of them calm. */
const many: readonly StageShape[] = Array.from({ length: 1_000 }, (_, index) => ({
  id: `fleet${Math.floor(index / 100)}.stage-${String(index).padStart(4, '0')}`,
  after:
    index % 100 === 0
      ? []
      : [`fleet${Math.floor(index / 100)}.stage-${String(index - 1 - (index % 3)).padStart(4, '0')}`],
  signals: STAGES[1]!.signals.slice(0, 2),
}));

export const shapesOf = (situation: Situation): readonly StageShape[] =>
  situation === 'none' ? [] : situation === 'many' ? many : STAGES;

const health: ApiHealth = {
  version: '0.1.0',
  startedAt: iso(NIGHT - 30 * 3_600_000),
  ready: true,
  degraded: [],
  config: { loadedAt: iso(NIGHT - 2 * 3_600_000), ok: true },
  sources: [
    { name: 'kafka-prod', type: 'kafka', ok: true, failures: 0 },
    {
      name: 'redis-features',
      type: 'redis',
      ok: false,
      lastError: GAP.message,
      failingSince: iso(NIGHT - 300_000),
      failures: 30,
    },
  ],
  seeding: [],
  outbox: { pending: 0 },
  notifiers: [{ name: 'data-oncall', type: 'webhook' }],
};

/** Everything the daemon would say at one moment of a situation. */
export function worldAt(situation: Situation, at: number): World {
  const busy = situation === 'incident';
  const empty = situation === 'learning' || situation === 'none';
  return {
    stages: shapesOf(situation).map((shape) => stageAt(shape, at, situation)),
    incidents: [...(busy ? [incident] : []), ...(empty ? [] : [oldIncident])],
    leases: [...(busy ? [lease] : []), ...(empty ? [] : [oldLease])],
    decisions: busy ? decisions : [],
    policies: situation === 'none' ? [] : policies,
    budgets:
      situation === 'none'
        ? []
        : [
            {
              pipeline: 'orders',
              pagesPerWeek: 2,
              ticketsPerWeek: 7,
              pagesUsed: busy ? 1 : 0,
              ticketsUsed: 2,
              opened: { real: 1, false: 0, none: 1 },
              realisedPerWeek: 0.75,
              demoted: [
                {
                  subject: 'orders.enrich/rows',
                  detector: 'baseline',
                  since: iso(NIGHT - 26 * 60 * 60_000),
                  pages: 6,
                  accepted: 4,
                  weeks: 4,
                },
              ],
            },
          ],
    health,
  };
}

/** What the store would answer for a range. `features` has been silent for five minutes; `clean` was, for ten, an hour ago. */
export function seriesOf(
  situation: Situation,
  stage: string,
  from: number,
  to: number,
  stepSeconds: number,
): ApiSeries | undefined {
  const shape = shapesOf(situation).find((one) => one.id === stage);
  if (!shape) return undefined;
  const step = stepSeconds * 1_000;
  const at: number[] = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) at.push(time);
  const silent = (time: number): boolean =>
    (stage === SILENT && time > OPENED + 180_000) ||
    (stage === 'orders.clean' && time > NIGHT - 55 * 60_000 && time < NIGHT - 48 * 60_000);
  const learning = situation === 'learning' || stage === 'payments.ledger';
  return {
    stage,
    from: iso(from),
    to: iso(to),
    stepSeconds,
    signals: shape.signals.map((signal) => ({
      signal: signal.name,
      at,
      value: at.map((time) => (silent(time) ? null : valueAt(stage, signal, time, situation === 'incident'))),
      lower: at.map(() => (learning ? null : signal.band[0])),
      upper: at.map(() => (learning ? null : signal.band[2])),
    })),
    ahead: [],
    excluded: [],
  };
}
