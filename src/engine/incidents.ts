import { type Incident, isTrouble } from '../domain/incident.ts';
import type { Plan } from '../domain/plan.ts';
import type { StageId } from '../domain/stage.ts';
import type { EpochMs } from '../domain/time.ts';
import { mayBeOver, nameCause } from './cause.ts';
import { type IncidentStep, stepIncidents } from './incident.ts';
import type { Ledger } from './ledger.ts';
import type { Reach } from './reach.ts';
import type { Stages } from './stages.ts';

/** The cause of an incident may still be named better for this many intervals. */
const NAMING_INTERVALS = 20;

/** Opens incidents, names their cause, and closes them, as the verdicts of the stages move. */
export class Incidents {
  readonly #stages: Stages;
  readonly #ledger: Ledger;
  readonly #reach: Reach;
  readonly #accepted = new Set<StageId>();
  /** The next step looks at everything: the plan is new, or what is open comes from the process before. */
  #all = true;

  constructor(stages: Stages, ledger: Ledger, reach: Reach) {
    this.#stages = stages;
    this.#ledger = ledger;
    this.#reach = reach;
  }

  lookAtAll(): void {
    this.#all = true;
  }

  /** A subject of the stage has been accepted as it is now; that ends what is open on it. */
  accepted(id: StageId): void {
    if (this.#ledger.incidents.isOn(id)) this.#accepted.add(id);
  }

  /** Moves the book on by what has been judged since the last step. Answers with the incidents that changed. */
  step(plan: Plan, now: EpochMs): readonly IncidentStep[] {
    const { incidents: book, leases } = this.#ledger;
    const steps = stepIncidents(book, {
      plan,
      stages: this.#stages.plans,
      touched: this.#stages.takeTouched(),
      all: this.#all,
      verdicts: this.#stages.verdicts,
      isLeased: (id) => [...leases.values()].some((lease) => lease.incident === id),
      accepted: this.#accepted,
      now,
      nextId: () => this.#ledger.nextId(),
    });
    this.#all = false;
    return steps.flatMap((step) => {
      const named = this.#name(step, plan, now);
      if (named.incident.state === 'resolved') this.#close(named.incident);
      else if (named.changes.length > 0) book.put(named.incident);
      return named.changes.length > 0 ? [named] : [];
    });
  }

  #close(incident: Incident): void {
    this.#ledger.incidents.remove(incident);
    for (const id of incident.affected) this.#accepted.delete(id);
  }

  /** Names the cause as soon as the facts do, and better while the incident is young. */
  #name(step: IncidentStep, plan: Plan, now: EpochMs): IncidentStep {
    const { incident } = step;
    const id = this.#tellingStage(incident);
    const line = this.#stages.line(id);
    const young = now - incident.openedAt <= NAMING_INTERVALS * this.#stages.every(incident.root);
    if (!line?.last || incident.state !== 'open' || !(young || mayBeOver(incident.cause))) return step;
    const { snapshot, scores } = line.last;
    const isOrigin = plan.graph.upstream(id).length === 0;
    const cause = nameCause({ snapshot, before: line.previous, scores, estimate: line.estimate, isOrigin });
    // What our own gate does to the stage says nothing of the cause, but for a dependency that fails under more workers.
    const ours = incident.cause !== 'unknown' && cause !== 'downstream' && this.#reach.over(id).length > 0;
    if (cause === 'unknown' || cause === incident.cause || ours) return step;
    return {
      incident: { ...incident, cause },
      changes: [...step.changes, { kind: 'cause-named', from: incident.cause }],
    };
  }

  /** The root, as long as it is in trouble; then the first stage that still is. */
  #tellingStage({ root, affected }: Incident): StageId {
    const troubled = (id: StageId): boolean => {
      const verdict = this.#stages.verdicts.get(id);
      return verdict !== undefined && isTrouble(verdict);
    };
    return troubled(root) ? root : (affected.find(troubled) ?? root);
  }
}
