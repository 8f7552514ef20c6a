import type { Decision } from '../domain/decision.ts';
import { type Incident, spends } from '../domain/incident.ts';
import type { Lease } from '../domain/lease.ts';
import { type EpochMs, MINUTE, WEEK } from '../domain/time.ts';
import type { Outcome } from '../engine/ledger.ts';

/** Who would forget an end is told of it for this long (Alertmanager's own advice). */
const END_LASTS = 5 * MINUTE;

/** What stories are told from beside the engine's own state: the latest answer of each policy, leases that are over, recent ends. */
export class Facts {
  readonly #lastDecisions = new Map<string, Decision>();
  readonly #withheld = new Map<string, Decision>();
  readonly #ended = new Map<string, Lease[]>();
  #resolved: readonly Incident[] = [];
  readonly #opened = new Map<string, Pick<Incident, 'pipeline' | 'severity' | 'openedAt' | 'label'>>();

  remember(outcome: Outcome, now: EpochMs): void {
    for (const decision of outcome.decisions) {
      this.#lastDecisions.set(decision.policy, decision);
      if (decision.kind === 'withhold') this.#withheld.set(`${decision.policy} ${decision.stage}`, decision);
      else this.#withheld.delete(`${decision.policy} ${decision.stage}`);
    }
    for (const lease of outcome.leases)
      if (lease.state === 'released')
        this.#ended.set(lease.incident, [...(this.#ended.get(lease.incident) ?? []), lease]);
    this.opened(
      outcome.incidents.map(({ incident }) => incident),
      now,
    );
    const over = outcome.incidents.map((step) => step.incident).filter(({ state }) => state === 'resolved');
    for (const { id } of over)
      for (const [key, decision] of this.#withheld) if (decision.incident === id) this.#withheld.delete(key);
    this.resolved(over, now);
  }

  /** Takes incidents of the last week; those of the process before come this way. */
  opened(incidents: readonly Incident[], now: EpochMs): void {
    // Most steps open nothing, and what is too old is not counted anyway.
    if (incidents.length === 0) return;
    for (const { id, pipeline, severity, openedAt, label } of incidents)
      this.#opened.set(id, { pipeline, severity, openedAt, ...(label && { label }) });
    for (const [id, { openedAt }] of this.#opened) if (openedAt <= now - WEEK) this.#opened.delete(id);
  }

  /** Pages of the pipeline in the last seven days that count against its budget. */
  pagesUsed(name: string, now: EpochMs): number {
    let used = 0;
    for (const one of this.#opened.values())
      if (one.pipeline === name && spends(one, 'critical', now - WEEK)) used += 1;
    return used;
  }

  /** Takes incidents that are over; those of the process before come this way. What is long over is forgotten. */
  resolved(incidents: readonly Incident[], now: EpochMs): void {
    const news = new Set(incidents.map(({ id }) => id));
    const all = [...this.#resolved.filter(({ id }) => !news.has(id)), ...incidents];
    const isYoung = ({ resolvedAt = 0 }: Incident): boolean => resolvedAt >= now - END_LASTS;
    for (const incident of all) if (!isYoung(incident)) this.#ended.delete(incident.id);
    this.#resolved = all.filter(isYoung);
  }

  /** Incidents whose end is so young that it is worth repeating. */
  justResolved(now: EpochMs): readonly Incident[] {
    this.resolved([], now);
    return this.#resolved;
  }

  /** The latest "no" of each policy on an incident that is open. */
  withheldFor(incident: string): readonly Decision[] {
    return [...this.#withheld.values()].filter((decision) => decision.incident === incident);
  }

  lastDecision(policy: string): Decision | undefined {
    return this.#lastDecisions.get(policy);
  }

  /** Leases of an incident in their newest form, also those that are over, as long as the incident is open or has just ended. */
  leasesOf(incident: string, standing: readonly Lease[]): readonly Lease[] {
    const all = new Map([...(this.#ended.get(incident) ?? []), ...standing].map((lease) => [lease.id, lease]));
    return [...all.values()].filter((lease) => lease.incident === incident);
  }
}
