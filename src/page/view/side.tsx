import type { ApiBudget, ApiDecision, ApiLease } from '../../server/api.ts';
import { happened } from '../model/happened.ts';
import { gateText, inWords, isHeld, nameOf } from '../model/names.ts';
import { stageHash } from '../model/route.ts';
import { counting } from '../text/number.ts';
import { clock, clockOrJustDay, duration, epoch } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { ReleaseButton } from './incident-actions.tsx';
import { usePage } from './page.ts';
import { Bar } from './score-bar.tsx';

const HOUR = 3_600_000;

/** Share of a lease's present time that is left, 0 … 1. */
export function timeLeft(lease: ApiLease, now: number): { share: number; left: number } {
  const end = epoch(lease.expiresAt);
  const left = Math.max(0, end - now);
  const whole = Math.max(1, end - epoch(lease.grantedAt));
  return { share: Math.min(1, left / whole), left };
}

/** When a gate goes back by itself, in words that are true also if nobody looks. */
export function opensText(lease: ApiLease, now: number): string {
  if (lease.state === 'reverting') return 'being put back now';
  const { left } = timeLeft(lease, now);
  const verb = lease.request.kind === 'scale' ? 'goes back' : 'opens';
  return left === 0
    ? `${verb} now`
    : `${verb} by itself at ${clock(epoch(lease.expiresAt))}, in ${duration(left, true)}`;
}

/** What was weighed and not done: the newest no of each policy within the last hour. */
export function withheldLately(decisions: readonly ApiDecision[], now: number): ApiDecision[] {
  const seen = new Set<string>();
  return decisions.filter((decision) => {
    const key = `${decision.policy} ${decision.stage} ${decision.reason}`;
    if (decision.kind !== 'withhold' || now - epoch(decision.at) > HOUR || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function Withheld() {
  const { fleet, now } = usePage();
  const held = withheldLately(fleet.decisions, now);
  if (held.length === 0) return null;
  return (
    <p class="withheld">
      {counting(held.length, 'more action was', 'more actions were')} weighed and withheld:{' '}
      {held.slice(0, 3).map((decision, index) => (
        <span key={`${decision.policy} ${decision.reason}`}>
          {index > 0 && ', '}
          <a href={stageHash(decision.stage)}>{decision.policy}</a> ({inWords(decision.reason)})
        </span>
      ))}
      {held.length > 3 && <a href="#/gates"> and {held.length - 3} more</a>}.
    </p>
  );
}

function armed(modes: readonly string[]): string {
  if (modes.length === 0) return 'No policy is configured, so Headgate only watches.';
  const count = (mode: string): number => modes.filter((one) => one === mode).length;
  const parts = [
    count('enforce') > 0 && `${counting(count('enforce'), 'policy is', 'policies are')} armed`,
    count('dry-run') > 0 && `${count('dry-run')} in dry run`,
    count('observe') > 0 && `${count('observe')} only ${count('observe') === 1 ? 'observes' : 'observe'}`,
  ].filter(Boolean);
  return `None held. ${parts.join(', ')}.`;
}

export function GatesBox() {
  const { fleet, now } = usePage();
  const held = fleet.leases.filter(isHeld);
  return (
    <section class="card box">
      <h2>
        <a href="#/gates">Gates</a> {held.length > 0 && <span class="dim">{held.length} held</span>}
      </h2>
      {held.length === 0 && <p>{armed(fleet.policies.map((policy) => policy.mode))}</p>}
      {held.map((lease) => (
        <div key={lease.id} class="held-gate">
          <p class="gate-name">
            <Glyph state="held" />
            <b>{nameOf(lease.stage)}</b> {gateText(lease.request, fleet.stages.get(lease.stage)?.valve)}
          </p>
          <Bar share={timeLeft(lease, now).share} kind="held" />
          <p class="dim">
            {opensText(lease, now)} · policy {lease.policy}
          </p>
          <ReleaseButton lease={lease} label="Release…" />
        </div>
      ))}
      <Withheld />
    </section>
  );
}

/** What came true of the promise, what people said of the pages, and who may only open tickets for it. */
function BudgetFacts(props: { budget: ApiBudget }) {
  const { opened, realisedPerWeek, pagesPerWeek, demoted } = props.budget;
  const short = (rate: number): string => String(Math.round(rate * 100) / 100);
  return (
    <>
      <p class="dim">
        {short(realisedPerWeek)} a week over four weeks, {short(pagesPerWeek)} promised. Of this week's pages{' '}
        {opened.real} real, {opened.false} false, {opened.none} not judged.
      </p>
      {demoted.slice(0, 4).map((one) => (
        <p key={`${one.subject} ${one.detector}`}>
          <Glyph state="warning" /> {one.detector} opens tickets only for{' '}
          <a href={stageHash(one.subject.slice(0, one.subject.indexOf('/')))}>{one.subject}</a>: {one.pages} pages in{' '}
          {one.weeks} weeks, {short(one.accepted)} accepted.
        </p>
      ))}
    </>
  );
}

export function BudgetBox() {
  const { fleet } = usePage();
  if (fleet.budgets.length === 0) return null;
  return (
    <section class="card box">
      <h2>
        False pages <span class="dim">this week</span>
      </h2>
      {fleet.budgets.slice(0, 4).map((budget) => {
        const scale = Math.max(1, budget.pagesPerWeek * 1.5, budget.pagesUsed);
        return (
          <div key={budget.pipeline} class="budget">
            <p>
              <span class="big">{budget.pagesUsed}</span> of {Math.round(budget.pagesPerWeek * 10) / 10}{' '}
              <span class="dim">{fleet.budgets.length > 1 ? `accepted for ${budget.pipeline}` : 'your budget'}</span>
            </p>
            <Bar share={budget.pagesUsed / scale} limit={budget.pagesPerWeek / scale} kind="budget" />
            <BudgetFacts budget={budget} />
          </div>
        );
      })}
    </section>
  );
}

export function HappenedBox() {
  const { fleet, now } = usePage();
  const lines = happened(fleet.incidents, fleet.leases, fleet.stages, 7);
  return (
    <section class="card box">
      <h2>What happened</h2>
      {lines.length === 0 && <p>Nothing yet.</p>}
      <ul class="happened bare">
        {lines.map((line) => (
          <li key={`${line.at} ${line.who} ${line.what}`}>
            <span class="dim">{clockOrJustDay(line.at, now)}</span>
            {line.state === 'note' ? <span /> : <Glyph state={line.state} />}
            <a href={line.href}>
              <b>{line.who}</b> {line.what}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
