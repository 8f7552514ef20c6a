import { factsOf } from '../domain/evidence.ts';
import type { Evidence, Incident, IncidentChange } from '../domain/incident.ts';
import { isTrouble } from '../domain/incident.ts';
import type { Plan, StagePlan } from '../domain/plan.ts';
import { pipelineOf, type StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { severityRank, type Verdict } from '../domain/verdict.ts';

/** Stages that get into trouble within this many intervals of each other belong together. */
const TOGETHER_INTERVALS = 3;
/** A recovering incident is resolved after this many intervals without a relapse. */
const CALM_INTERVALS = 3;

export interface IncidentStep {
  readonly incident: Incident;
  readonly changes: readonly IncidentChange[];
}

/** What the joining of verdicts needs to know. */
export interface IncidentScene {
  readonly plan: Plan;
  readonly stages: ReadonlyMap<StageId, StagePlan>;
  readonly verdicts: ReadonlyMap<StageId, Verdict>;
  /** Stages that are not ok and known not to be, upstream before downstream. */
  readonly troubled: readonly StageId[];
  /** Incidents with a lease that is still in force: they cannot resolve. */
  readonly leased: ReadonlySet<string>;
  /** Stages of which a subject has just been accepted as the new normal. */
  readonly accepted: ReadonlySet<StageId>;
  readonly now: EpochMs;
  readonly nextId: () => string;
}

/**
 * One step of all incidents: troubled stages join an open incident on their path of the graph or open one of their own;
 * incidents whose stages are all well recover, and resolve once they stayed well and hold no gate.
 * Answers with every incident that changed; the order is stable.
 */
export function stepIncidents(open: readonly Incident[], scene: IncidentScene): readonly IncidentStep[] {
  const steps = new Map<string, { incident: Incident; changes: IncidentChange[] }>(
    open.map((incident) => [incident.id, { incident, changes: [] }]),
  );
  for (const id of scene.troubled) {
    const verdict = scene.verdicts.get(id);
    if (!verdict) continue;
    const home = [...steps.values()].find(({ incident }) => belongs(incident, id, scene));
    if (home) join(home, id, verdict, scene);
    else {
      const incident = openIncident(id, verdict, scene);
      steps.set(incident.id, { incident, changes: [{ kind: 'opened' }] });
    }
  }
  for (const step of steps.values()) settle(step, scene);
  for (const step of steps.values()) if (step.changes.length > 0) step.incident = withNewFacts(step.incident, scene);
  return [...steps.values()].filter((step) => step.changes.length > 0);
}

/** How long `intervals` ticks of the slower of the stages take. */
const spanOf = (stages: readonly StageId[], scene: IncidentScene, intervals: number): DurationMs =>
  intervals * Math.max(1, ...stages.map((id) => scene.stages.get(id)?.every ?? 0));

function belongs(incident: Incident, id: StageId, scene: IncidentScene): boolean {
  if (incident.affected.includes(id)) return true;
  if (incident.pipeline !== pipelineOf(id)) return false;
  const { graph } = scene.plan;
  const related = incident.affected.filter((member) => graph.onOnePath(member, id));
  if (related.length === 0) return false;
  // A stage above that gave no answer and turns out to be in trouble is what was feared when the incident opened.
  if (incident.unknownAbove !== undefined && graph.ancestors(incident.root).includes(id)) return true;
  const since = scene.verdicts.get(id)?.since ?? scene.now;
  if (since - incident.openedAt <= spanOf([id, incident.root], scene, TOGETHER_INTERVALS)) return true;
  const above = graph.ancestors(id);
  return related.some((member) => above.includes(member) && troubled(member, scene));
}

const troubled = (id: StageId, scene: IncidentScene): boolean => {
  const verdict = scene.verdicts.get(id);
  return verdict !== undefined && isTrouble(verdict);
};

function openIncident(id: StageId, verdict: Verdict, scene: IncidentScene): Incident {
  // A stage that is still learning answers; only one that gives no answer may hide the true root.
  const blindAbove = scene.plan.graph.ancestors(id).find((above) => {
    const seen = scene.verdicts.get(above);
    return seen?.state === 'unknown' && seen.warming.length === 0;
  });
  return {
    id: scene.nextId(),
    pipeline: pipelineOf(id),
    root: id,
    affected: [id],
    severity: verdict.state === 'critical' ? 'critical' : 'warning',
    cause: 'unknown',
    state: 'open',
    openedAt: scene.now,
    because: factsOf(verdict),
    ...(blindAbove ? { unknownAbove: blindAbove } : {}),
    rootMoved: false,
    notes: [],
  };
}

function join(
  step: { incident: Incident; changes: IncidentChange[] },
  id: StageId,
  verdict: Verdict,
  scene: IncidentScene,
): void {
  const { incident, changes } = step;
  if (!incident.affected.includes(id)) {
    step.incident = { ...step.incident, affected: [...incident.affected, id] };
    changes.push({ kind: 'affected', stages: [id] });
    const above = scene.plan.graph.ancestors(incident.root).includes(id);
    if (above && !incident.rootMoved) {
      const { unknownAbove: _, ...known } = step.incident;
      step.incident = { ...known, root: id, rootMoved: true, because: factsOf(verdict) };
      changes.push({ kind: 'root-moved', from: incident.root });
    }
  }
  if (severityRank(verdict.state) > severityRank(incident.severity)) {
    step.incident = {
      ...step.incident,
      severity: 'critical',
      because: factsOf(scene.verdicts.get(step.incident.root) ?? verdict),
    };
    changes.push({ kind: 'severity-raised' });
  }
  if (step.incident.state === 'recovering') {
    const { recoveringAt: _, ...rest } = step.incident;
    step.incident = { ...rest, state: 'open' };
    changes.push({ kind: 'relapsed' });
  }
}

/** Recovers, resolves, or ends as accepted. A stage that is unknown keeps its incident as it is: not seeing is not healing. */
function settle(step: { incident: Incident; changes: IncidentChange[] }, scene: IncidentScene): void {
  const { incident, changes } = step;
  const watched = incident.affected.filter((id) => scene.stages.has(id));
  if (watched.length === 0) {
    end(step, 'unwatched', scene);
    return;
  }
  const well = watched.every((id) => scene.verdicts.get(id)?.state === 'ok');
  if (!well) return;
  if (watched.some((id) => scene.accepted.has(id)) && !scene.leased.has(incident.id)) {
    end(step, 'accepted', scene);
    return;
  }
  if (incident.state === 'open') {
    step.incident = { ...incident, state: 'recovering', recoveringAt: scene.now };
    changes.push({ kind: 'recovering' });
    return;
  }
  const calmFor = scene.now - (incident.recoveringAt ?? scene.now);
  if (calmFor >= spanOf(watched, scene, CALM_INTERVALS) && !scene.leased.has(incident.id))
    end(step, 'recovered', scene);
}

function end(
  step: { incident: Incident; changes: IncidentChange[] },
  resolution: 'recovered' | 'accepted' | 'unwatched',
  scene: IncidentScene,
): void {
  step.incident = { ...step.incident, state: 'resolved', resolvedAt: scene.now, resolution };
  step.changes.push({ kind: 'resolved', resolution });
}

/** Facts kept of an incident: what opened it first, then what followed. */
const MOST_FACTS = 8;

/** What has become strange at the root since the incident opened is part of its story; what opened it stays as it was said. */
function withNewFacts(incident: Incident, scene: IncidentScene): Incident {
  const verdict = scene.verdicts.get(incident.root);
  if (!verdict || incident.state !== 'open' || incident.because.length >= MOST_FACTS) return incident;
  const known = new Set(incident.because.map(keyOf));
  const news = factsOf(verdict).filter((fact) => !known.has(keyOf(fact)));
  return news.length === 0 ? incident : { ...incident, because: [...incident.because, ...news].slice(0, MOST_FACTS) };
}

const keyOf = ({ subject, detector }: Evidence): string => `${detector} ${subject}`;
