import type { Incident } from '../../src/domain/incident.ts';
import type { Label } from '../../src/domain/label.ts';
import type { Lease } from '../../src/domain/lease.ts';
import { DAY, HOUR, MINUTE, WEEK } from '../../src/domain/time.ts';
import type { BacktestReport } from '../../src/report/backtest.ts';
import type { Series } from '../../src/report/downsample.ts';
import type { StageRow } from '../../src/report/stages.ts';
import { tally } from '../../src/report/tally.ts';

export const START = Date.UTC(2026, 0, 5);

/** A name that would be a script, were it not escaped. */
export const HOSTILE = '<script>document.title="owned"</script>&"\'';

export interface Size {
  readonly weeks?: number;
  readonly stages?: number;
  readonly signals?: number;
  readonly incidents?: number;
  readonly labelled?: boolean;
}

/** A report as a backtest makes it, of any size; a day's course with noise, and incidents spread evenly. */
export function reportOf({
  weeks = 4,
  stages = 3,
  signals = 2,
  incidents = 6,
  labelled = true,
}: Size = {}): BacktestReport {
  const to = START + weeks * WEEK;
  const series = seriesOver(to);
  const step = (to - START) / (incidents + 1);
  const all = Array.from({ length: incidents }, (_, index) => incidentAt(START + (index + 1) * step, index, stages));
  const labels: Label[] = [
    ...all
      .filter((_, index) => index % 2 === 0)
      .map(({ openedAt, root }) => ({ from: openedAt, to: openedAt + HOUR, stage: root })),
    { from: START + 9 * DAY, to: START + 9 * DAY, name: HOSTILE, stage: 'orders.s0', signal: 'lag_seconds' },
    { from: START + 2 * MINUTE, to: START + 3 * MINUTE },
  ];
  const pages = all
    .filter((one) => one.severity === 'critical')
    .map((one) => ({ from: one.openedAt, to: one.resolvedAt ?? to, stages: one.affected }));
  const learnedAt = START + DAY;
  const ask = { labels, slack: 0, from: learnedAt, weeks };
  const rows = Array.from({ length: stages }, (_, stage): StageRow => {
    const id = `orders.s${stage}` as const;
    const mine = pages.filter((one) => one.stages.includes(id));
    const ofStage = labelled ? tally({ ...ask, episodes: mine, mine: (one) => one.stage === id }) : undefined;
    const names = ['lag_seconds', ...Array.from({ length: signals - 1 }, (_, index) => `rows_${index}`)];
    const rowsOf = names.map((signal) => ({ signal, episodes: signal === 'lag_seconds' ? mine : [], tally: ofStage }));
    return {
      id,
      samples: 10_080 * weeks,
      learnedAt,
      weeks,
      pages: mine,
      tally: ofStage,
      signals: rowsOf,
      excluded: [],
    };
  });
  return {
    made: {
      version: '0.1.0',
      command: `headgate backtest --input ${HOSTILE}`,
      config: 'headgate.yaml',
      data: 'x.csv',
      digest: 'ab'.repeat(32),
    },
    from: START,
    to,
    weeks,
    samples: 10_080 * weeks * stages,
    learnedAt,
    budget: { pagesPerWeek: 1, ticketsPerWeek: 7 },
    incidents: all,
    leases: all.length > 0 ? [leaseOf(all[0] as Incident)] : [],
    withheld: new Map(),
    decisions: new Map([['withhold observe-only', 12]]),
    held: HOUR,
    labels: labelled ? labels : undefined,
    tally: labelled ? tally({ ...ask, episodes: pages, mine: () => true }) : undefined,
    stages: rows,
    budgets: [0.5, 1, 4].map((allowed) => ({
      allowed,
      pages: pages.length,
      pagesPerWeek: pages.length / weeks,
      tally: labelled ? tally({ ...ask, episodes: pages, mine: () => true }) : undefined,
      chosen: allowed === 1,
    })),
    series: () => series,
    figures: { note: HOSTILE },
  };
}

function seriesOver(to: number): Series {
  const at = Array.from({ length: Math.floor((to - START) / MINUTE) }, (_, index) => START + index * MINUTE);
  const level = at.map((time) => 30 + 10 * Math.sin((2 * Math.PI * time) / DAY));
  return {
    at,
    value: level.map((x, index) => (index % 20_000 > 19_900 ? Number.NaN : x + 3 * Math.sin(index * 12.9898))),
    lower: level.map((x) => x - 5),
    upper: level.map((x) => x + 5),
  };
}

function incidentAt(openedAt: number, index: number, stages: number): Incident {
  const root = `orders.s${index % stages}` as const;
  const subject = `${root}/lag_seconds` as const;
  return {
    id: `${index + 1}`,
    pipeline: 'orders',
    root,
    affected: [root],
    severity: index % 3 === 2 ? 'warning' : 'critical',
    cause: 'slow',
    state: 'resolved',
    openedAt,
    resolvedAt: openedAt + 40 * MINUTE,
    resolution: 'recovered',
    because: [{ subject, detector: 'baseline', score: 3, observed: 90, lower: 20, upper: 40, text: `lag ${HOSTILE}` }],
    rootMoved: false,
    notes: [],
  };
}

const leaseOf = (incident: Incident): Lease => ({
  id: 'L1',
  policy: 'keep',
  incident: incident.id,
  stage: 'orders.s0',
  actuator: 'valve',
  request: { kind: 'pause' },
  state: 'released',
  why: 'recovered',
  grantedAt: incident.openedAt + MINUTE,
  expiresAt: incident.openedAt + HOUR,
  releasedAt: incident.openedAt + HOUR,
  renewals: 1,
  because: 'lag_seconds is above 120 s',
});
