import type { Decision } from '../domain/decision.ts';
import type { HeadgateError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { Notice } from '../domain/notice.ts';
import type { Change, Clock, Events, OutboxItem, Store } from '../domain/ports.ts';
import type { EpochMs } from '../domain/time.ts';
import { changesOf } from '../engine/changes.ts';
import { collapse, type Folded, noticeIn } from '../engine/collapse.ts';
import type { Engine } from '../engine/engine.ts';
import type { Outcome } from '../engine/ledger.ts';
import { type NoticeView, noticesOf, standingNotice } from '../engine/notify.ts';
import type { OutboxOptions } from '../engine/outbox.ts';
import type { Notifier, Standing } from '../kit/component.ts';
import type { Traced } from '../telemetry/tracing.ts';
import { Audience, newsIn, TOLD_KEY } from './audience.ts';
import { deliver, type Post, undelivered } from './deliver.ts';
import { Facts } from './facts.ts';
import { createReminders } from './reminders.ts';
import type { World } from './world.ts';

export interface TellingOptions {
  readonly clock: Clock;
  readonly events: Events;
  readonly traced: Traced;
  readonly engine: Engine;
  world(): World;
  /** Everything that is owed at the moment. */
  pending(): readonly OutboxItem[];
}

/** Rows of the outbox that owe notices go by this lane and the name of the notifier. */
const LANE = 'notifier:';
/** Among these are all that ended within the last minutes, unless the world came to an end. */
const RECENT_INCIDENTS = 500;

/** Who is owed which notice, who has heard of what, and who has to be reminded: everything between the engine and the notifiers. */
export class Telling {
  readonly #options: TellingOptions;
  readonly #post: Post;
  readonly #facts = new Facts();
  readonly #audience = new Audience();
  #reminders: { stop(): Promise<void> } | undefined;

  constructor(options: TellingOptions) {
    this.#options = options;
    const { clock, events, traced } = options;
    const notifier = (name: string): Notifier | undefined => options.world().notifiers.get(name);
    this.#post = { clock, events, traced, audience: this.#audience, notifier };
  }

  /** How the outbox treats rows that owe notices. */
  readonly threadOf: NonNullable<OutboxOptions['threadOf']> = (item) => {
    if (!isNotice(item)) return undefined;
    const { change, incident } = noticeIn(item);
    return change === 'digest' || change === 'test' ? undefined : `incident ${incident.id}`;
  };

  readonly collapse: NonNullable<OutboxOptions['collapse']> = (lane, items, now, slow): Folded | undefined => {
    if (!lane.startsWith(LANE)) return undefined;
    const together = this.#post.notifier(lane.slice(LANE.length))?.keepsState !== true;
    return collapse({ lane, items, now, slow, together });
  };

  readonly atOnce: NonNullable<OutboxOptions['atOnce']> = (lane) =>
    (lane.startsWith(LANE) && this.#post.notifier(lane.slice(LANE.length))?.atOnce) || 1;

  deliver(item: OutboxItem, abort: AbortSignal): Promise<readonly Change[]> {
    return deliver(item, this.#post, abort);
  }

  undelivered(item: OutboxItem, error: HeadgateError, gaveUp: boolean): void {
    if (isNotice(item)) undelivered(item, this.#post, error, gaveUp);
  }

  /** Takes what the process before had told, before anything else is. */
  async recall(store: Store, open: readonly Incident[], owed: readonly OutboxItem[]): Promise<void> {
    const about = owed.filter(isNotice).map((item) => noticeIn(item).incident.id);
    this.#audience.load(await store.setting(TOLD_KEY), new Set([...open.map(({ id }) => id), ...about]));
    const now = this.#options.clock.now();
    const over = await store.incidents({ state: 'resolved', limit: RECENT_INCIDENTS });
    this.#facts.resolved(over, now);
    this.#facts.opened([...over, ...open], now);
  }

  /** Reminds those who would forget; first at once. */
  start(): void {
    const { clock, events, world } = this.#options;
    this.#reminders = createReminders({
      clock,
      notifiers: () => world().notifiers,
      standing: (name) => this.#standing(name),
      failed: (name, error) => events.failed({ what: `reminding ${name} of what stands`, error }),
    });
  }

  async stop(): Promise<void> {
    await this.#reminders?.stop();
  }

  /** The durable facts of an outcome, and the notices it owes. */
  changesOf(outcome: Outcome, now: EpochMs): readonly Change[] {
    this.#facts.remember(outcome, now);
    const notices: readonly Notice[] = noticesOf(outcome, this.#view(now, outcome));
    return changesOf(outcome, notices, this.#options.world().routes, now, (id) => this.#heard(id));
  }

  /** The latest "no" of each policy on an incident that is open. */
  withheldFor(incident: string): readonly Decision[] {
    return this.#facts.withheldFor(incident);
  }

  lastDecision(policy: string): Decision | undefined {
    return this.#facts.lastDecision(policy);
  }

  #view(now: EpochMs, outcome?: Outcome): NoticeView {
    const { engine, world } = this.#options;
    return {
      now,
      routes: world().routes,
      incident: (id) => outcome?.incidents.find((step) => step.incident.id === id)?.incident ?? engine.incident(id),
      leasesOf: (id) => this.#facts.leasesOf(id, engine.leases()),
      withheldFor: (id) => this.#facts.withheldFor(id),
      inMaintenance: (stage) => world().inMaintenance(stage, now),
      budgetOf: (name) => {
        const pipeline = engine.plan.pipelines.find((one) => one.name === name);
        return (
          pipeline && {
            pagesUsed: this.#facts.pagesUsed(name, now),
            pagesPerWeek: pipeline.budget.pagesPerWeek,
          }
        );
      },
    };
  }

  /** Notifiers that know of the incident, or will once what is owed to them has been sent. */
  #heard(incident: string): readonly string[] {
    const owed = this.#options.pending().filter((item) => isNotice(item) && tellsOf(noticeIn(item), incident));
    return [...new Set([...this.#audience.of(incident), ...owed.map((item) => item.lane.slice(LANE.length))])];
  }

  /** What a notifier has to be reminded of: incidents it was told of, and every end of the last minutes. */
  #standing(name: string): readonly Standing[] {
    const { engine, clock } = this.#options;
    const now = clock.now();
    const view = this.#view(now);
    const open = engine.openIncidents().filter(({ id }) => this.#audience.has(id, name));
    return [...open, ...this.#facts.justResolved(now)].map((incident) => ({
      notice: standingNotice(incident, view),
      every: Math.max(0, ...incident.affected.map((id) => engine.line(id)?.plan.every ?? 0)),
    }));
  }
}

const isNotice = (item: OutboxItem): boolean => item.lane.startsWith(LANE);

/** True where the notice is news of the incident, and not only of what was done about it. */
const tellsOf = (notice: Notice, incident: string): boolean =>
  newsIn(notice).some((one) => one.incident === incident && one.change !== 'action' && one.change !== 'test');
