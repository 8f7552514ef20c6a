import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chosen, harnessAt, measureAll } from './harness.ts';
import { printTable, show, showAll } from './markdown.ts';

// npm run bench -- faults [--harness ../shared/harness] [--seeds 20] [--first-seed 1] [--kinds outage,shift,...] [--grains 60] [--who headgate,ewma]
//
// Faults injected into seasonal series, a sample a minute, and false episodes a week on untouched ones, also at other grains.
const { values } = parseArgs({
  options: {
    harness: { type: 'string', default: '../shared/harness' },
    seeds: { type: 'string', default: '5' },
    'first-seed': { type: 'string', default: '1' },
    kinds: { type: 'string' },
    /** Seconds between two samples at which the untouched series are measured as well. */
    grains: { type: 'string', default: '60,10,300,3600' },
    who: { type: 'string', default: 'headgate,ewma' },
  },
});

/** Of twenty seeds: found in time, held to the end, let go within 15 minutes. */
const WANTED: Readonly<Record<string, readonly [found?: number, held?: number, released?: number]>> = {
  outage: [20, 20, 18],
  'near-outage': [20, 20, 18],
  'long-outage': [20, 20, 18],
  shift: [19, 19],
  spike: [18],
  leak: [16],
  variance: [16],
  phase: [16],
  stuck: [20],
  gap: [0],
  lasting: [],
};
const QUIET = ['clean', 'heavy'];

const program = join(harnessAt(values.harness), 'inject.mjs');
const who = chosen(values.who, 1);
const kinds = values.kinds?.split(',') ?? [...Object.keys(WANTED), ...QUIET];
const faults = kinds.filter((kind) => !QUIET.includes(kind));
const quiet = kinds.filter((kind) => QUIET.includes(kind));
const [grain = '60', ...others] = values.grains.split(',');
const seeds = ['--seeds', values.seeds, '--first-seed', values['first-seed']];

async function measure(which: readonly string[], at: string): Promise<Awaited<ReturnType<typeof measureAll>>[]> {
  const measured = [];
  const options = [...seeds, '--grain', at, '--kinds', which.join()];
  for (const one of who) if (which.length > 0) measured.push(await measureAll(one, program, options));
  return measured;
}

const scaled = (wanted: number | undefined): string =>
  wanted === undefined ? '' : ` (≥ ${Math.ceil((wanted / 20) * Number(values.seeds))})`;

if (faults.length > 0) {
  const measured = await measure(faults, grain);
  const rows = faults.flatMap((kind) => {
    const [found, held, released] = WANTED[kind] ?? [];
    const of = (figure: string): string => measured.map((at) => showAll(at(kind, figure))).join(' · ');
    const lasting = kind === 'lasting' ? `, accepted in 5 days ${of('accepted_in_5_days')}${scaled(18)}` : '';
    return [
      [
        kind,
        show(Number(values.seeds)),
        of('found_in_time') + (found === 0 ? ' (0)' : scaled(found)),
        of('median_delay_min'),
        of('held_to_end') + scaled(held),
        of('released_in_15_min') + scaled(released) + lasting,
        of('later_episodes'),
      ],
    ];
  });
  console.log(`Each cell: ${who.map(({ name }) => name).join(' · ')} (wanted)\n`);
  printTable(['fault', 'runs', 'found in time', 'delay, min', 'held', 'released in 15 min', 'episodes after'], rows);
}
if (quiet.length > 0) {
  const rows: string[][] = [];
  for (const at of [grain, ...others]) {
    const measured = await measure(quiet, at);
    for (const kind of quiet)
      rows.push([
        kind,
        `${at} s`,
        ...['episodes_per_week', 'worst_seed', 'share_open'].map((figure) =>
          measured.map((of) => showAll(of(kind, figure))).join(' · '),
        ),
        '.30 to 1.50',
      ]);
  }
  console.log();
  printTable(['untouched', 'grain', 'false episodes a week', 'worst seed', 'share of time open', 'wanted'], rows);
}
