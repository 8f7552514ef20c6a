import type { ApiIncident, ApiLease, ApiSeverity, ApiSignal, ApiStage } from '../../server/api.ts';
import { isHeld, partOf } from './names.ts';

/** What a row, a node or a chip says: the verdict, or that it is held or learning where the verdict says nothing worse. */
export type State = 'critical' | 'warning' | 'unknown' | 'held' | 'learning' | 'ok';

/** Worst first; the order of every list. */
export const STATES: readonly State[] = ['critical', 'warning', 'unknown', 'held', 'learning', 'ok'];

export const STATE_WORD: Readonly<Record<State, string>> = {
  critical: 'Critical',
  warning: 'Warning',
  unknown: 'Unknown',
  held: 'Held',
  learning: 'Learning',
  ok: 'OK',
};

const isReady = (signal: ApiSignal): boolean => signal.state === 'ready' || signal.state === 'limit';

/** Share of what the stage has to learn that it has learned, 0 … 1; signals that are not learned do not count. */
export function learnedShare(stage: ApiStage): number {
  const learning = stage.signals.filter((signal) => signal.state === 'warming');
  const ready = stage.signals.filter((signal) => signal.state === 'ready').length;
  if (stage.at === null) return 0;
  if (learning.length + ready === 0) return stage.learned;
  const sum = learning.reduce((total, signal) => total + (signal.learned ?? 0), ready);
  return sum / (learning.length + ready);
}

const isLearning = (stage: ApiStage): boolean =>
  stage.gaps.length === 0 &&
  (stage.verdict === 'unknown' || stage.verdict === 'ok') &&
  (stage.at === null || (stage.warming.length > 0 && !stage.signals.some((signal) => signal.state === 'ready')));

/** One state for one stage. A verdict of trouble speaks before a gate, and a gate before learning. */
export function stateOf(stage: ApiStage, held: ReadonlySet<string>): State {
  if (stage.verdict === 'critical' || stage.verdict === 'warning') return stage.verdict;
  if (held.has(stage.id) && (stage.verdict === 'ok' || stage.gaps.length === 0)) return 'held';
  if (isLearning(stage)) return 'learning';
  return stage.verdict;
}

/** Stages whose gate is not where its owner left it. */
export function heldStages(stages: Iterable<ApiStage>, leases: readonly ApiLease[]): Set<string> {
  const held = new Set(leases.filter(isHeld).map((lease) => lease.stage));
  for (const stage of stages) if (stage.valve.state !== 'open') held.add(stage.id);
  return held;
}

/** The signal that speaks for a stage: what its verdict rests on, else what is missing, else the most surprising. */
export function leadingSignal(stage: ApiStage): ApiSignal | undefined {
  const reason = stage.because[0];
  if (reason) {
    const part = partOf(reason.subject);
    const named = part === '*' ? reason.contributions[0]?.signal : part;
    const found = stage.signals.find((signal) => signal.signal === named);
    if (found) return found;
  }
  if (stage.verdict === 'unknown') {
    const missing = stage.signals.find((signal) => signal.state === 'gap');
    if (missing) return missing;
  }
  const first = stage.signals[0];
  return stage.signals.reduce((worst, signal) => {
    if (!worst) return signal;
    if (isReady(signal) && !isReady(worst)) return signal;
    return (signal.score ?? -1) > (worst.score ?? -1) + 0.25 ? signal : worst;
  }, first);
}

/** The open incident a stage is part of, if any. */
export const incidentOf = (stage: string, incidents: readonly ApiIncident[]): ApiIncident | undefined =>
  incidents.find((incident) => incident.state !== 'resolved' && incident.affected.includes(stage));

const SEVERITY_RANK: Readonly<Record<ApiSeverity, number>> = { critical: 0, warning: 1, unknown: 2, ok: 3 };

/** Open incidents, the worst first, then the one that opened last. */
export function openIncidents(incidents: readonly ApiIncident[]): ApiIncident[] {
  return incidents
    .filter((incident) => incident.state !== 'resolved')
    .sort(
      (a, b) =>
        Number(a.state === 'recovering') - Number(b.state === 'recovering') ||
        SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity] ||
        b.openedAt.localeCompare(a.openedAt),
    );
}
