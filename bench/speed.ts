import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { EVERYWHERE } from '../src/config/stages.ts';
import { MINUTE, WEEK } from '../src/domain/time.ts';
import { registry } from '../src/registry.ts';
import { printTable, show, showAll } from './markdown.ts';
import { detectorsAlone, type Measured, scoreCommand, wholeEngine } from './speed-measure.ts';

// npm run bench -- speed [--runs 3] [--seconds 3] [--only TEXT]
//
// What one core scores and learns in a second of its own time, whatever else the machine does: detectors alone, the whole engine, and `headgate score`; and the state that is kept.
// Minute samples with the seasons of a day and a week; the learned past is four weeks (one of 38 channels), so nothing is warming any
// more. Forests are grown in line, and the time of that is told apart: in the daemon a worker does it.
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    /** Only rows whose name has this in it. */
    only: { type: 'string', default: '' },
  },
});
const RUNS = Number(values.runs);
const LEARNED: Readonly<Record<number, number>> = { 1: (4 * WEEK) / MINUTE, 38: WEEK / MINUTE };

const optionsOf = (types: readonly string[]): Record<string, object> =>
  Object.fromEntries(types.map((type) => [type, {}]));
const everything = registry.detectors.filter(({ type, pass }) => EVERYWHERE.includes(type) || pass === 'stage');

interface Row {
  readonly what: string;
  readonly channels: number;
  readonly wanted?: number;
  readonly make: (channels: number) => Measured;
}
const alone = (options: Record<string, object>) => (channels: number) => detectorsAlone(channels, options);
const ROWS: readonly Row[] = [
  { what: 'one value: `baseline`', channels: 1, wanted: 500, make: alone({ baseline: {} }) },
  { what: `one value: ${EVERYWHERE.join(', ')}`, channels: 1, wanted: 500, make: alone(optionsOf(EVERYWHERE)) },
  { what: 'one value: the whole engine', channels: 1, make: wholeEngine },
  {
    what: 'bare vector of 38: the distance of `multivariate`',
    channels: 38,
    make: alone({ multivariate: { votes: ['distance'] } }),
  },
  {
    what: 'bare vector of 38: `multivariate` (distance and forest)',
    channels: 38,
    wanted: 200,
    make: alone({ multivariate: {} }),
  },
  { what: 'bare vector of 38: `isolation-forest`', channels: 38, make: alone({ 'isolation-forest': {} }) },
  {
    what: `38 signals: ${EVERYWHERE.join(', ')}`,
    channels: 38,
    wanted: 200,
    make: alone(optionsOf(EVERYWHERE)),
  },
  {
    what: `38 signals: ${everything.map(({ type }) => type).join(', ')}`,
    channels: 38,
    make: alone(optionsOf(everything.map(({ type }) => type))),
  },
  { what: '38 signals: the whole engine, trainings included', channels: 38, make: wholeEngine },
];

const wantedText = (reached: number, wanted: number | undefined): string =>
  wanted === undefined ? '–' : `≥ ${wanted}${reached < wanted ? ' **missed**' : ''}`;
const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x / list.length, 0);

function measure({ what, channels, wanted, make }: Row): string[] {
  const measured = make(channels);
  measured.run(LEARNED[channels] as number);
  const { seconds } = measured.run(500);
  const count = Math.max(500, Math.ceil(Number(values.seconds) / seconds / RUNS));
  const took = Array.from({ length: RUNS }, () => measured.run(count));
  const thousands = took.map((one) => 1 / one.seconds / 1_000);
  const training = mean(took.map((one) => one.training)) * 1e6;
  process.stderr.write(`${what}: ${showAll(thousands)} thousand/s\n`);
  return [
    what,
    showAll(thousands),
    wantedText(mean(thousands), wanted),
    showAll(thousands.map((each) => each * channels)),
    training > 0 ? show(training) : '–',
    show(measured.bytes() / channels / 1_024),
  ];
}

function measureCommand(channels: number, rows: number): string[] {
  const run = scoreCommand(channels, rows);
  const thousands = Array.from({ length: RUNS }, () => 1 / run() / 1_000);
  const columns = channels === 1 ? 'one column' : `${channels} columns`;
  const what = `\`headgate score\`, ${columns}, ${rows.toLocaleString('en')} rows`;
  process.stderr.write(`${what}: ${showAll(thousands)} thousand rows/s\n`);
  return [what, showAll(thousands), '–', showAll(thousands.map((each) => each * channels)), '–', '–'];
}

const wantedRows = ROWS.filter(({ what }) => what.includes(values.only)).map(measure);
const commands = 'headgate score'.includes(values.only) ? [measureCommand(1, 100_000), measureCommand(38, 10_000)] : [];
console.log(`Node ${process.version}, ${availableParallelism()} cores of ${cpus()[0]?.model.trim()}\n`);
printTable(
  [
    'what',
    'thousand snapshots (rows)/s',
    'wanted',
    'thousand values/s',
    'besides for growing forests, µs a snapshot',
    'state for each signal, KiB (wanted ≤ 8)',
  ],
  [...wantedRows, ...commands],
);
