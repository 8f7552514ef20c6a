import { factsOf } from '../domain/evidence.ts';
import type { Evidence, Incident, IncidentChange } from '../domain/incident.ts';
import { isTrouble } from '../domain/incident.ts';
import type { Plan, StagePlan } from '../domain/plan.ts';
import { isPseudoStage, pipelineOf, type StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { severityRank, type Verdict } from '../domain/verdict.ts';
import { type IncidentBook, oldestFirst } from './incident-book.ts';

/** Stages that get into trouble within this many intervals of each other belong together. */
const TOGETHER_INTERVALS = 3;
/** A recovering incident is resolved after this many intervals without a relapse. */
const CALM_INTERVALS = 3;

export interface IncidentStep {
  readonly incident: Incident;
  readonly changes: readonly IncidentChange[];
}

/** An incident while it is looked at. */
interface Draft {
  incident: Incident;
  readonly changes: IncidentChange[];
}

/** What the joining of verdicts needs to know. */
export interface IncidentScene {
  readonly plan: Plan;
  readonly stages: ReadonlyMap<StageId, StagePlan>;
  readonly verdicts: ReadonlyMap<StageId, Verdict>;
  /** Stages whose verdict is new in this step, upstream before downstream. */
  readonly touched: readonly StageId[];
  /** Looks at every incident, also at those of stages that were not touched: after a start and a new plan. */
  readonly all: boolean;
  /** The incident holds a lease that is still in force: it cannot resolve. */
  readonly isLeased: (id: string) => boolean;
  /** Stages of which a subject has just been accepted as the new normal. */
  readonly accepted: ReadonlySet<StageId>;
  readonly now: EpochMs;
  readonly nextId: () => string;
}

/**
 * One step of the incidents that it touches: troubled stages join an open incident on their path of the graph or open one of
 * their own; incidents whose stages are all well recover, and resolve once they stayed well and hold no gate.
 *
 * @returns every incident that was looked at, oldest first, also where nothing changed; the book is not moved on
 */
export function stepIncidents(book: IncidentBook, scene: IncidentScene): readonly IncidentStep[] {
  const drafts = new Map<string, Draft>();
  const take = (incident: Incident): Draft => {
    const draft = drafts.get(incident.id) ?? { incident, changes: [] };
    drafts.set(incident.id, draft);
    return draft;
  };
  for (const id of scene.touched) {
    const verdict = scene.verdicts.get(id);
    if (!verdict || !isTrouble(verdict)) continue;
    const home = candidates(id, book, drafts, scene).find((incident) => belongs(incident, id, scene));
    if (home) join(take(home), id, verdict, scene);
    else take(openIncident(id, verdict, scene)).changes.push({ kind: 'opened' });
  }
  for (const incident of lookedAt(book, scene)) take(incident);
  for (const draft of drafts.values()) settle(draft, scene);
  for (const draft of drafts.values())
    if (draft.changes.length > 0) draft.incident = withNewFacts(draft.incident, scene);
  return [...drafts.values()].sort((a, b) => oldestFirst(a.incident, b.incident));
}

/** Incidents that the stage may belong to, oldest first: where it is in one already, that; else those on its paths. */
function candidates(
  id: StageId,
  book: IncidentBook,
  drafts: ReadonlyMap<string, Draft>,
  { plan: { graph } }: IncidentScene,
): readonly Incident[] {
  const own = book.on(id);
  if (own.length > 0) return own.map((incident) => drafts.get(incident.id)?.incident ?? incident);
  const near = [...graph.ancestors(id), ...graph.descendants(id)].flatMap((other) => book.on(other));
  const found = new Map(near.map((incident) => [incident.id, incident]));
  // What was opened or grew in this very step is not in the book yet.
  for (const { incident } of drafts.values()) found.set(incident.id, incident);
  return [...found.values()].sort(oldestFirst);
}

function lookedAt(book: IncidentBook, scene: IncidentScene): readonly Incident[] {
  if (scene.all) return book.all();
  const due = book.recovering().filter((incident) => isCalm(incident, incident.affected, scene));
  return [...due, ...[...scene.touched, ...scene.accepted].flatMap((id) => book.on(id))];
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
  // End to end has no cause of its own: until a stage is known that has, whichever gets into trouble is it.
  if (isPseudoStage(incident.root)) return true;
  const since = scene.verdicts.get(id)?.since ?? scene.now;
  if (since - incident.openedAt <= spanOf([id, incident.root], scene, TOGETHER_INTERVALS)) return true;
  const above = graph.ancestors(id);
  return related.some((member) => above.includes(member) && troubled(member, scene));
}

const troubled = (id: StageId, scene: IncidentScene): boolean => {
  const verdict = scene.verdicts.get(id);
  return verdict !== undefined && isTrouble(verdict);
};

/** A stage that is still learning answers; only one that gives no answer may hide the true root. */
const unseenAbove = (id: StageId, { plan, verdicts }: IncidentScene): StageId | undefined =>
  plan.graph.ancestors(id).find((above) => {
    const seen = verdicts.get(above);
    return seen?.state === 'unknown' && seen.warming.length === 0;
  });

function openIncident(id: StageId, verdict: Verdict, scene: IncidentScene): Incident {
  const blindAbove = unseenAbove(id, scene);
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

function join(step: Draft, id: StageId, verdict: Verdict, scene: IncidentScene): void {
  const { incident, changes } = step;
  if (!incident.affected.includes(id)) {
    step.incident = { ...step.incident, affected: [...incident.affected, id] };
    changes.push({ kind: 'affected', stages: [id] });
    const above = scene.plan.graph.ancestors(incident.root).includes(id);
    if (above && !incident.rootMoved) {
      const { unknownAbove: _, ...known } = step.incident;
      const blindAbove = unseenAbove(id, scene);
      step.incident = {
        ...known,
        root: id,
        rootMoved: true,
        // What was said of the stage below is not true of this one.
        cause: 'unknown',
        because: factsOf(verdict),
        ...(blindAbove ? { unknownAbove: blindAbove } : {}),
      };
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
function settle(step: Draft, scene: IncidentScene): void {
  const { incident, changes } = step;
  const watched = incident.affected.filter((id) => scene.stages.has(id));
  if (watched.length === 0) {
    end(step, 'unwatched', scene);
    return;
  }
  const well = watched.every((id) => scene.verdicts.get(id)?.state === 'ok');
  if (!well) return;
  if (watched.some((id) => scene.accepted.has(id)) && !scene.isLeased(incident.id)) {
    end(step, 'accepted', scene);
    return;
  }
  if (incident.state === 'open') {
    step.incident = { ...incident, state: 'recovering', recoveringAt: scene.now };
    changes.push({ kind: 'recovering' });
    return;
  }
  if (isCalm(incident, watched, scene) && !scene.isLeased(incident.id)) end(step, 'recovered', scene);
}

/** It has been recovering for long enough. */
function isCalm({ recoveringAt }: Incident, stages: readonly StageId[], scene: IncidentScene): boolean {
  if (recoveringAt === undefined) return false;
  // A clock that was set back by more than that says nothing of how long it has been well; nobody waits for hours for that.
  return Math.abs(scene.now - recoveringAt) >= spanOf(stages, scene, CALM_INTERVALS);
}

function end(step: Draft, resolution: 'recovered' | 'accepted' | 'unwatched', scene: IncidentScene): void {
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
