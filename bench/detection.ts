import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chosen, harnessAt, measureAll } from './harness.ts';
import { printTable, showAll } from './markdown.ts';

// npm run bench -- detection [--harness ../shared/harness] [--data ../shared/data] [--sets nab,mscloud,smd,asd] [--who all] [--seeds 5] [--learning]
//
// Labelled series through `headgate score` and through the controls. Sets with a training part are measured frozen after it, and with
// learning on as well (`--learning`, the slower half, is left out of a quick look by `--no-learning`).
const { values } = parseArgs({
  allowNegative: true,
  options: {
    harness: { type: 'string', default: '../shared/harness' },
    data: { type: 'string' },
    sets: { type: 'string' },
    who: { type: 'string', default: 'all' },
    seeds: { type: 'string', default: '5' },
    learning: { type: 'boolean', default: true },
    frozen: { type: 'boolean', default: true },
  },
});

interface Row {
  readonly what: string;
  readonly figure: string;
  readonly wanted: string;
}
const own = (wanted = '–'): Row => ({ what: 'event F1, own alerts', figure: 'own_alerts_event_f1', wanted });
const COMMON: readonly Row[] = [
  {
    what: 'false episodes in 10,000 points, own alerts',
    figure: 'own_alerts_false_episodes_per_10k_points',
    wanted: '–',
  },
  { what: 'median delay, points, own alerts', figure: 'own_alerts_median_delay_points', wanted: '–' },
];
const labelled = (pr: string, vus: string, f1 = '–', alerts = '–', cause?: string): readonly Row[] => [
  { what: 'AUC-PR', figure: 'auc_pr', wanted: pr },
  { what: 'VUS-PR', figure: 'vus_pr', wanted: vus },
  { what: 'event F1, one threshold', figure: 'one_threshold_event_f1', wanted: f1 },
  own(alerts),
  ...COMMON,
  ...(cause ? [{ what: 'a true cause ranked first', figure: 'attribution_top1', wanted: cause }] : []),
];
const NAB: readonly Row[] = [
  { what: 'standard, own threshold', figure: 'nab_standard', wanted: '≥ 70.5' },
  { what: 'low FP, own threshold', figure: 'nab_reward_low_FP_rate', wanted: '–' },
  { what: 'low FN, own threshold', figure: 'nab_reward_low_FN_rate', wanted: '–' },
  { what: 'standard, onsets of own alerts', figure: 'nab_standard_own_alerts', wanted: '≥ 62' },
];

interface Ask {
  readonly set: string;
  readonly frozen: boolean;
  readonly rows: readonly Row[];
}
/** What is wanted on series that are not in the development halves; printed beside what these give. */
const ASKS: readonly Ask[] = [
  { set: 'nab', frozen: false, rows: NAB },
  { set: 'mscloud', frozen: false, rows: labelled('≥ .60', '≥ .70') },
  { set: 'smd', frozen: true, rows: labelled('≥ .70', '≥ .70', '–', '–', '≥ .88') },
  { set: 'asd', frozen: true, rows: labelled('≥ .52', '≥ .58', '–', '–', '≥ .95') },
  { set: 'skab', frozen: true, rows: labelled('≥ .84', '–') },
  { set: 'smd', frozen: false, rows: labelled('–', '–', '≥ .65', '≥ .55', '≥ .88') },
  { set: 'asd', frozen: false, rows: labelled('–', '–', '–', '–', '≥ .95') },
  { set: 'kpi_samples', frozen: false, rows: labelled('–', '–') },
];

const harness = harnessAt(values.harness);
const data = values.data ?? join(harness, '../data');
const present = readdirSync(data);
const wanted = values.sets?.split(',') ?? ASKS.map(({ set }) => set);
for (const set of values.sets?.split(',') ?? [])
  if (!existsSync(join(data, set))) throw new Error(`${data} has no set "${set}"; it has ${present.join(', ')}`);
const asks = ASKS.filter(({ set, frozen }) => {
  const trained = ASKS.some((other) => other.set === set && other.frozen);
  return wanted.includes(set) && present.includes(set) && (frozen ? values.frozen : !trained || values.learning);
});

const who = chosen(values.who, Number(values.seeds));
const rows: string[][] = [];
for (const { set, frozen, rows: figures } of asks) {
  const options = [set, '--data', data, ...(frozen ? ['--frozen'] : [])];
  const measured = [];
  for (const one of who) measured.push(await measureAll(one, join(harness, 'evaluate.mjs'), options));
  for (const { what, figure, wanted } of figures)
    rows.push([`${set}${frozen ? ', frozen' : ''}`, what, ...measured.map((of) => showAll(of(set, figure))), wanted]);
}
printTable(['set', 'figure', ...who.map(({ name }) => name), 'wanted elsewhere'], rows);
