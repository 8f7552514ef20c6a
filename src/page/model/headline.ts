import { counting, formatPercent } from '../text/number.ts';
import { clock, clockOrDay, duration, epoch } from '../text/time.ts';
import { type Fleet, readyAt } from './fleet.ts';
import { isHeld, nameOf } from './names.ts';
import { incidentHash } from './route.ts';
import type { Row } from './row.ts';
import type { State } from './state.ts';

/** The sentence on top while no incident is open, with what else is worth knowing under it. */
export interface Headline {
  readonly state: State;
  readonly since: string;
  readonly sentence: string;
  readonly facts: readonly { readonly text: string; readonly href?: string }[];
}

const count = (rows: readonly Row[], state: State): number => rows.filter((row) => row.state === state).length;

/** When the last of the learning stages will be ready, as far as the pace tells. */
function readyText(fleet: Fleet, rows: readonly Row[], now: number): string {
  const times = rows
    .filter((row) => row.state === 'learning')
    .map((row) => {
      const stage = fleet.stages.get(row.id);
      return stage ? readyAt(fleet, stage) : undefined;
    });
  if (times.length === 0 || times.includes(undefined)) return '';
  const last = Math.max(...times.map((time) => time ?? 0));
  const left = last - now;
  return left > 6 * 3_600_000 ? `in about ${duration(left)}` : `by ${clock(last)}`;
}

/** A past that is being learned. */
const seedingFacts = ({ health }: Fleet): { text: string }[] =>
  (health?.seeding ?? []).map(({ pipeline, share }) => ({
    text: `${pipeline} learns from its past, ${formatPercent(share)} done`,
  }));

function learningHeadline(fleet: Fleet, rows: readonly Row[], now: number): Headline {
  const learning = count(rows, 'learning');
  const ready = readyText(fleet, rows, now);
  return {
    state: 'learning',
    since: '',
    sentence: `Learning: ${rows.length - learning} of ${counting(rows.length, 'stage')} ready${ready && `, the rest ${ready}`}.`,
    facts: [...seedingFacts(fleet), { text: 'Limits you configured already work.' }],
  };
}

function sentenceOf(rows: readonly Row[], held: number): { state: State; sentence: string } {
  const trouble = rows.filter((row) => row.state === 'critical' || row.state === 'warning');
  const unknown = rows.filter((row) => row.state === 'unknown');
  const gates = held === 0 ? 'No gate is held.' : `${counting(held, 'gate is', 'gates are')} held.`;
  const [first] = trouble;
  if (first) {
    const others = trouble.length > 1 ? ` and ${counting(trouble.length - 1, 'more stage')}` : '';
    const verb = trouble.length > 1 ? 'are' : 'is';
    return { state: first.state, sentence: `${first.name}${others} ${verb} not normal. ${gates}` };
  }
  const [silent] = unknown;
  if (silent) {
    const who = unknown.length === 1 ? silent.name : counting(unknown.length, 'stage');
    const rest = rows.length - unknown.length;
    const others = rest === 0 ? '' : rest === 1 ? ' The other is normal.' : ` The other ${rest} are normal.`;
    return {
      state: 'unknown',
      sentence: `${who} ${unknown.length === 1 ? 'gives' : 'give'} no answer.${others} ${gates}`,
    };
  }
  const all = rows.length === 1 ? 'The one stage is normal.' : `All ${rows.length} stages are normal.`;
  return { state: held > 0 ? 'held' : 'ok', sentence: `${all} ${gates}` };
}

function factsOf(fleet: Fleet, rows: readonly Row[], now: number): Headline['facts'] {
  const facts: { text: string; href?: string }[] = seedingFacts(fleet);
  const learning = rows.filter((row) => row.state === 'learning');
  const [one] = learning;
  if (one) {
    const ready = readyText(fleet, rows, now);
    const detail = learning.length === 1 ? ` (${one.name}${ready && `, ready ${ready}`})` : '';
    facts.push({ text: `${counting(learning.length, 'stage is', 'stages are')} still learning${detail}` });
  }
  for (const budget of fleet.budgets) {
    const whose = fleet.budgets.length > 1 ? ` in ${budget.pipeline}` : '';
    facts.push({ text: `${budget.pagesUsed} of ${counting(budget.pagesPerWeek, 'page')} this week${whose}` });
    if (facts.length > 3) break;
  }
  const last = fleet.incidents.find((incident) => incident.state === 'resolved');
  if (last) {
    const lasted = duration(epoch(last.resolvedAt) - epoch(last.openedAt));
    facts.push({
      text: `last incident: ${nameOf(last.root)}, ${clockOrDay(epoch(last.openedAt), now)}, ${lasted}`,
      href: incidentHash(last.id),
    });
  }
  return facts;
}

/** What the page says first when no incident is open. `rows` are all stages, worst first; there is at least one. */
export function headlineOf(fleet: Fleet, rows: readonly Row[], now: number): Headline {
  const learning = count(rows, 'learning');
  const trouble = rows.some((row) => row.state === 'critical' || row.state === 'warning' || row.state === 'unknown');
  if (learning > 0 && !trouble && learning * 2 >= rows.length) return learningHeadline(fleet, rows, now);
  const held = fleet.leases.filter(isHeld).length;
  const { state, sentence } = sentenceOf(rows, held);
  const since = Math.max(...Array.from(fleet.stages.values(), (stage) => epoch(stage.since) || 0));
  return {
    state,
    since: state === 'ok' && since > 0 ? `since ${clockOrDay(since, now)}, ${duration(now - since)}` : '',
    sentence,
    facts: factsOf(fleet, rows, now),
  };
}
