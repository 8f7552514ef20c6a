import { type Incident, isTrouble } from '../domain/incident.ts';
import type { Plan } from '../domain/plan.ts';
import type { StageId } from '../domain/stage.ts';
import type { EpochMs } from '../domain/time.ts';
import { nameCause } from './cause.ts';
import { estimate, NO_ESTIMATE } from './estimate.ts';
import { type IncidentStep, stepIncidents } from './incident.ts';
import type { Ledger } from './ledger.ts';
import { named } from './naming.ts';
import type { Reach } from './reach.ts';
import type { Stages } from './stages.ts';
import { supplyOf } from './supply.ts';

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
      const next = this.#name(step, plan, now);
      if (next.incident.state === 'resolved') this.#close(next.incident);
      else if (next.changes.length > 0 || next.incident !== step.incident) book.put(next.incident);
      return next.changes.length > 0 ? [next] : [];
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
    if (!line?.last || incident.state !== 'open') return step;
    const { snapshot, scores } = line.last;
    const supply = supplyOf(id, {
      graph: plan.graph,
      seen: (stage) => this.#stages.seen(stage, now),
      estimate: (stage) => this.#stages.line(stage)?.estimate ?? NO_ESTIMATE,
    });
    const flow = estimate(line.estimate, snapshot, false);
    const cause = nameCause({ snapshot, before: line.previous, scores, estimate: flow, supply });
    const ours = this.#reach.over(id).length > 0;
    const age = (now - incident.openedAt) / Math.max(1, this.#stages.every(incident.root));
    const again = named(incident, { cause, atRoot: id === incident.root, ours, age, young: age <= NAMING_INTERVALS });
    const changes = again.cause === incident.cause ? [] : [{ kind: 'cause-named' as const, from: incident.cause }];
    return { incident: again, changes: [...step.changes, ...changes] };
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
