import type { Decision } from '../domain/decision.ts';
import { isExcluded } from '../domain/excluded.ts';
import type { Incident } from '../domain/incident.ts';
import type { Lease } from '../domain/lease.ts';
import type { StageId } from '../domain/stage.ts';
import { isPseudoStage } from '../domain/stage.ts';
import { partOfSubject } from '../domain/subject.ts';
import { type EpochMs, WEEK } from '../domain/time.ts';
import type { JudgedStage, Outcome } from '../engine/ledger.ts';
import type { Episode } from '../report/tally.ts';

/** What a backtest comes to: everything that is short, kept while the samples go by. */
export class BacktestLog {
  readonly incidents = new Map<string, Incident>();
  readonly leases = new Map<string, Lease>();
  readonly decisions = new Map<string, number>();
  /** The newest "no" of each policy for each incident. */
  readonly withheld = new Map<string, Map<string, Decision>>();
  readonly stages = new Map<StageId, StageLog>();
  first: EpochMs | undefined;
  last: EpochMs = 0;
  samples = 0;

  add(outcome: Outcome, at: EpochMs): void {
    this.first ??= at;
    this.last = at;
    this.samples += outcome.steps.length;
    for (const step of outcome.steps) this.#stage(step.snapshot.stage).add(step);
    for (const { incident } of outcome.incidents) this.incidents.set(incident.id, incident);
    for (const lease of outcome.leases) this.leases.set(lease.id, lease);
    for (const decision of outcome.decisions) this.#decided(decision);
  }

  /** Length of what was seen. */
  get weeks(): number {
    return Math.max(this.last - (this.first ?? 0), 1) / WEEK;
  }
  /** When the first stage had learned. */
  get learnedAt(): EpochMs | undefined {
    const times = [...this.stages.values()].map((stage) => stage.learnedAt).filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }
  /** How long gates were held that were let go again, ms. */
  get held(): number {
    let sum = 0;
    for (const { state, grantedAt, releasedAt } of this.leases.values())
      if (state === 'released') sum += (releasedAt ?? this.last) - grantedAt;
    return sum;
  }
  /** Incidents worth a page. */
  get pages(): readonly Incident[] {
    return [...this.incidents.values()].filter((one) => one.severity === 'critical');
  }

  #stage(id: StageId): StageLog {
    let log = this.stages.get(id);
    if (!log) {
      log = new StageLog(id);
      this.stages.set(id, log);
    }
    return log;
  }

  #decided(decision: Decision): void {
    const { kind, reason, incident, policy } = decision;
    this.decisions.set(`${kind} ${reason}`, (this.decisions.get(`${kind} ${reason}`) ?? 0) + 1);
    if (kind !== 'withhold' || incident === undefined) return;
    const ofIncident = this.withheld.get(incident) ?? new Map<string, Decision>();
    this.withheld.set(incident, ofIncident.set(policy, decision));
  }
}

/** One stage of it. */
export class StageLog {
  readonly id: StageId;
  samples = 0;
  last: EpochMs = 0;
  /** When nothing was warming any more. */
  learnedAt: EpochMs | undefined;
  /** Stretches in which the stage was critical. */
  readonly pages: Episode[] = [];
  /** Stretches in which a signal was over its page line. */
  readonly signals = new Map<string, Episode[]>();
  readonly #open = new Map<string, { from: EpochMs }>();

  constructor(id: StageId) {
    this.id = id;
  }

  /** Weeks seen since then. */
  get weeks(): number {
    return this.learnedAt === undefined ? 0 : (this.last - this.learnedAt) / WEEK;
  }
  get isPipeline(): boolean {
    return isPseudoStage(this.id);
  }

  add({ scores, verdict }: JudgedStage): void {
    const { at } = verdict;
    this.samples++;
    this.last = at;
    const judged = scores.some((score) => score.state === 'ready' || score.state === 'limit');
    if (this.learnedAt === undefined && judged && !scores.some((score) => score.state === 'warming'))
      this.learnedAt = at;
    this.#follow(this.pages, '', at, verdict.state === 'critical', verdict.state === 'critical');
    const held = new Set(verdict.because.map((score) => score.subject));
    const over = new Map<string, boolean>();
    const out = verdict.excluded ?? [];
    for (const { subject, value } of scores)
      over.set(subject, (value >= 1 && !isExcluded(out, subject)) || over.get(subject) === true);
    for (const [subject, alerts] of over) {
      const part = partOfSubject(subject as `${StageId}/${string}`);
      const episodes = this.signals.get(part) ?? [];
      this.signals.set(part, episodes);
      this.#follow(episodes, part, at, alerts, held.has(subject as `${StageId}/${string}`));
    }
  }

  /** Opens where it alerts, ends where it neither alerts nor is held. */
  #follow(episodes: Episode[], part: string, at: EpochMs, alerts: boolean, held: boolean): void {
    const open = this.#open.get(part);
    if (open ? !alerts && !held : !alerts) {
      this.#open.delete(part);
      return;
    }
    const { from } = open ?? { from: at };
    if (!open) this.#open.set(part, { from });
    else episodes.pop();
    episodes.push({ from, to: at, stages: [this.id] });
  }
}
