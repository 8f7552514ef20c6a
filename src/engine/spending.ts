import type { Budget } from '../domain/plan.ts';
import type { Demotion } from '../domain/score.ts';
import type { Subject } from '../domain/subject.ts';
import { type EpochMs, HOUR, WEEK } from '../domain/time.ts';
import { poissonQuantile } from '../stats/poisson.ts';

/** What is counted against a budget of so many a week: as long as the prior of the line speaks. */
const WEEKS = 4;
/** A page this soon after the end of the last one of the same detector on the same subject is still about the same. */
const SAME = HOUR;
/** More pages than the share allows come by chance this seldom. */
const CHANCE = 0.001;
/** A page that a person called no anomaly weighs more than one that nobody has judged, which may have been right. */
const WEIGHT = { real: 0, 'not-an-anomaly': 2, none: 1 } as const;
/** Pages kept of one detector on one subject; more would change nothing. */
const MOST = 64;

export type Label = 'real' | 'not-an-anomaly';

/** One page that a learned line has opened, or would have: a demoted detector's count goes on. */
interface Page {
  readonly at: EpochMs;
  /** When it was last open. */
  until: EpochMs;
  label: Label | undefined;
}

/** A detector that was demoted on a subject, or promoted again. */
export interface StandingChange {
  readonly subject: Subject;
  readonly detector: string;
  /** `undefined`: it may page again. */
  readonly demotion: Demotion | undefined;
}

interface Account {
  readonly subject: Subject;
  readonly detector: string;
  readonly pages: Page[];
  demotion: Demotion | undefined;
}

/**
 * Keeps what each detector has spent of the budget on each subject, over the last four weeks. One that alone spent more than the
 * whole pipeline may, and more than chance makes of its own share, is demoted: what it finds is worth a ticket. It is promoted again
 * once that is no longer so, because time passed or people called its pages real.
 */
export class Spending {
  readonly #accounts = new Map<string, Account>();

  /** A page stands because of the detector; called for each sample while it does. */
  stands(subject: Subject, detector: string, at: EpochMs): void {
    const account = this.#account(subject, detector);
    const last = account.pages.at(-1);
    if (last && at - last.until <= SAME) last.until = Math.max(last.until, at);
    else account.pages.push({ at, until: at, label: undefined });
    if (account.pages.length > MOST) account.pages.shift();
  }

  /** What a person said of the pages that stood between two moments. */
  label(from: EpochMs, to: EpochMs, label: Label): void {
    for (const { pages } of this.#accounts.values())
      for (const page of pages) if (page.at <= to && page.until >= from) page.label = label;
  }

  demotion(subject: Subject, detector: string): Demotion | undefined {
    return this.#accounts.size === 0 ? undefined : this.#accounts.get(keyOf(subject, detector))?.demotion;
  }

  get demoted(): readonly StandingChange[] {
    return [...this.#accounts.values()].filter((one) => one.demotion).map(standingOf);
  }

  /** Forgets what is too old, and judges again. `budget` of the pipeline, `share` of it for one subject. */
  review(at: EpochMs, budget: Budget, share: Budget): readonly StandingChange[] {
    const changes: StandingChange[] = [];
    for (const [key, account] of this.#accounts) {
      const { pages } = account;
      while (pages.length > 0 && (pages[0] as Page).until < at - WEEKS * WEEK) pages.shift();
      const spent = pages.reduce((sum, page) => sum + WEIGHT[page.label ?? 'none'], 0);
      const accepted = Math.max(WEEKS * budget.pagesPerWeek, poissonQuantile(WEEKS * share.pagesPerWeek, 1 - CHANCE));
      const over = spent > accepted;
      if (over !== (account.demotion !== undefined)) {
        account.demotion = over ? { since: at, pages: pages.length, accepted, weeks: WEEKS } : undefined;
        changes.push(standingOf(account));
      }
      if (pages.length === 0) this.#accounts.delete(key);
    }
    return changes;
  }

  save(): readonly Account[] {
    return [...this.#accounts.values()];
  }

  restore(accounts: readonly Account[]): void {
    this.#accounts.clear();
    for (const account of accounts) this.#accounts.set(keyOf(account.subject, account.detector), account);
  }

  #account(subject: Subject, detector: string): Account {
    const key = keyOf(subject, detector);
    const known = this.#accounts.get(key);
    if (known) return known;
    const account: Account = { subject, detector, pages: [], demotion: undefined };
    this.#accounts.set(key, account);
    return account;
  }
}

const keyOf = (subject: Subject, detector: string): string => `${detector} ${subject}`;

const standingOf = ({ subject, detector, demotion }: Account): StandingChange => ({ subject, detector, demotion });
