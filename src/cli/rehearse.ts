import { parseArgs } from 'node:util';
import { readConfigFile } from '../app/config-file.ts';
import { durationOf } from '../app/offline.ts';
import { type FaultResult, type Rehearsal, rehearse, type SignalResult } from '../app/rehearsal.ts';
import type { Config } from '../config/config.ts';
import { HeadgateError } from '../domain/error.ts';
import { stageNameOf } from '../domain/stage.ts';
import { type DurationMs, SECOND } from '../domain/time.ts';
import { lengthOf } from '../domain/wording.ts';
import { FAULT_KINDS, type FaultKind } from '../plant/faults.ts';
import { median } from '../stats/quantile.ts';
import type { CommandIo } from './command.ts';
import { openPast, PAST_OPTIONS, PAST_USAGE } from './past.ts';
import { tableOf } from './text-table.ts';

export const summary =
  'Puts faults into your own history: what would be found, how soon, and at how many false alarms.';
export const usage = `headgate rehearse --config FILE --input X.csv [--stage pipeline.stage] [--time COLUMN]
       headgate rehearse --config FILE --from TIME [--to TIME] [--step DURATION] [--prometheus URL]
       [--faults outage,shift,…] [--signals A,B] [--places 5] [--seed 1] [--length 4h] [--format json]

${PAST_USAGE}
The past is lived through once as it was: pages then are false alarms (what really went wrong in it is counted as one too). Each fault
is put into one signal at a time, at --places seeded places that were quiet, after the signal was learned; most last for --length, a leak
six times as long. It is found by a page while it is there, held where the page still stands at its end, and let go where it is over
15 minutes (or 10 samples) later. Nothing acts and nothing is told. Faults: ${FAULT_KINDS.join(', ')}.`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...PAST_OPTIONS,
      faults: { type: 'string' },
      signals: { type: 'string' },
      places: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      length: { type: 'string', default: '4h' },
      format: { type: 'string', default: 'text' },
    },
  });
  const { config } = readConfigFile(values.config, io.env);
  const places = wholeNumber('places', values.places, 1);
  const seed = wholeNumber('seed', values.seed, 0);
  const found = await rehearse({
    config,
    batches: await openPast(config, values, io),
    kinds: kindsOf(values.faults),
    signals: values.signals?.split(','),
    places,
    seed,
    length: durationOf(values.length),
    progress: progressOn(io),
  });
  io.stdout.write(
    values.format === 'json' ? `${JSON.stringify(jsonOf(found, config, seed))}\n` : textOf(found, config),
  );
  return 0;
}

function kindsOf(text: string | undefined): readonly FaultKind[] {
  if (text === undefined) return FAULT_KINDS;
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((one) => one === name);
    if (!kind)
      throw new HeadgateError('bad-config', `there is no fault "${name}"; there are ${FAULT_KINDS.join(', ')}`);
    return kind;
  });
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new HeadgateError('bad-config', `--${name} wants a whole number from ${least} on, got "${text}"`);
}

/** One line that is rewritten, on a terminal alone. */
function progressOn({ stderr }: CommandIo): (done: number) => void {
  if (!('isTTY' in stderr) || !stderr.isTTY) return () => {};
  return (done) => {
    stderr.write(done < 1 ? `\rrehearsing: ${Math.round(100 * done)} %\x1b[K` : '\r\x1b[K');
  };
}

const sum = (faults: readonly FaultResult[], of: (fault: FaultResult) => number): number =>
  faults.reduce((total, fault) => total + of(fault), 0);
const delayOf = (faults: readonly FaultResult[]): DurationMs | undefined => {
  const delays = faults.flatMap((fault) => fault.delays);
  return delays.length === 0 ? undefined : median(delays);
};
const perWeek = (count: number, weeks: number): number | undefined => (weeks > 0 ? count / weeks : undefined);

/** Pages a week that the pipelines of what was rehearsed may cost. */
function budgetOf({ plan }: Config, { signals }: Rehearsal): number {
  const pipelines = plan.pipelines.filter(({ stages }) =>
    stages.some(({ id }) => signals.some((one) => one.stage === id)),
  );
  return pipelines.reduce((total, { budget }) => total + budget.pagesPerWeek, 0);
}

function jsonOf(found: Rehearsal, config: Config, seed: number) {
  const told = (faults: readonly FaultResult[]) => ({
    runs: sum(faults, (one) => one.runs),
    found: sum(faults, (one) => one.found),
    recall:
      sum(faults, (one) => one.runs) > 0 ? sum(faults, (one) => one.found) / sum(faults, (one) => one.runs) : null,
    warned: sum(faults, (one) => one.warned),
    medianDelaySeconds: secondsOf(delayOf(faults)),
    holdable: sum(faults, (one) => one.holdable),
    held: sum(faults, (one) => one.held),
    released: sum(faults, (one) => one.released),
  });
  return {
    seed,
    samples: found.samples,
    from: new Date(found.from).toISOString(),
    weeks: found.weeks,
    pages: found.pages,
    pagesPerWeek: perWeek(found.pages, found.weeks) ?? null,
    budgetPagesPerWeek: budgetOf(config, found),
    signals: found.signals.map(({ stage, signal, direction, falseAlarms, weeks, faults }) => ({
      stage,
      signal,
      direction,
      falseAlarms,
      weeks,
      falseAlarmsPerWeek: perWeek(falseAlarms, weeks) ?? null,
      ...told(faults),
      faults: faults.map((fault) => ({
        kind: fault.kind,
        says: fault.says,
        places: fault.begun.map((at) => new Date(at).toISOString()),
        ...told([fault]),
      })),
    })),
    left: found.left,
  };
}

const secondsOf = (length: DurationMs | undefined): number | null => (length === undefined ? null : length / SECOND);

const share = (some: number, all: number): string => (all === 0 ? '–' : `${some}/${all}`);
const rate = (count: number, weeks: number): string => perWeek(count, weeks)?.toFixed(2) ?? '–';
const delayWords = (delay: DurationMs | undefined): string | undefined =>
  delay === 0 ? 'at once' : delay === undefined ? undefined : lengthOf(delay);
const count = (some: number, what: string): string => `${some} ${what}${some === 1 ? '' : 's'}`;
const nameOf = ({ stage, signal }: { readonly stage: string; readonly signal: string }): string => `${stage}/${signal}`;

function textOf(found: Rehearsal, config: Config): string {
  const { signals, left, samples, from, weeks, pages } = found;
  const head = ['signal', 'found', 'median delay', 'held', 'let go', 'false alarms a week'];
  const rows = signals.map((one): string[] => {
    const { faults } = one;
    return [
      nameOf(one),
      share(
        sum(faults, (f) => f.found),
        sum(faults, (f) => f.runs),
      ),
      delayWords(delayOf(faults)) ?? '–',
      share(
        sum(faults, (f) => f.held),
        sum(faults, (f) => f.holdable),
      ),
      share(
        sum(faults, (f) => f.released),
        sum(faults, (f) => f.held),
      ),
      rate(one.falseAlarms, one.weeks),
    ];
  });
  const budget = budgetOf(config, found);
  return [
    `${samples} samples; learned until ${new Date(from).toISOString()}, then ${weeks.toFixed(2)} weeks rehearsed\n`,
    `untouched: ${pages} pages (${rate(pages, weeks)} a week, ${budget} allowed)\n\n`,
    tableOf(head, rows),
    '\nfound by a page, by fault, with the median delay (in brackets: pages that still stood at the end where not all did, and where a ticket was\nall that was opened)\n',
    byFault(signals),
    ...left.map((one) => `\n${nameOf(one)} was left out: ${one.why}\n`),
  ].join('');
}

/** More signals than this stand below each other; fewer stand beside each other. */
const BESIDE = 5;

/** A cell for each fault and signal; faults that no signal can have are left out. */
function byFault(signals: readonly SignalResult[]): string {
  const kinds = FAULT_KINDS.filter((kind) => signals.some(({ faults }) => faults.some((one) => one.kind === kind)));
  const oneStage = new Set(signals.map(({ stage }) => stage)).size < 2;
  const one = signals.length === 1 ? signals[0] : undefined;
  const cell = (fault: FaultResult | undefined): string => {
    if (!fault) return '–';
    const delay = delayWords(delayOf([fault]));
    const notes = [
      ...(fault.holdable > 0 && fault.held < fault.found ? [`${fault.held} held`] : []),
      ...(fault.warned > fault.found ? [count(fault.warned - fault.found, 'ticket')] : []),
    ];
    return [share(fault.found, fault.runs), delay, notes.length > 0 ? `(${notes.join(', ')})` : undefined]
      .filter(Boolean)
      .join(' ');
  };
  const named = ({ stage, signal }: SignalResult): string => (oneStage ? signal : `${stageNameOf(stage)}/${signal}`);
  const of = ({ faults }: SignalResult, kind: FaultKind): string => cell(faults.find((found) => found.kind === kind));
  if (signals.length > BESIDE)
    return tableOf(
      ['signal', ...kinds],
      signals.map((signal) => [named(signal), ...kinds.map((kind) => of(signal, kind))]),
    );
  const says = (kind: FaultKind): string[] =>
    one ? [one.faults.find((found) => found.kind === kind)?.says ?? ''] : [];
  const rows = kinds.map((kind) => [kind, ...signals.map((signal) => of(signal, kind)), ...says(kind)]);
  return tableOf(['fault', ...signals.map(named), ...(one ? ['the signal'] : [])], rows);
}
