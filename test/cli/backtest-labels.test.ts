import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as backtest from '../../src/cli/backtest.ts';
import { MINUTE } from '../../src/domain/time.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { run } from './running.ts';

const START = Date.UTC(2026, 0, 5);
const at = (minute: number): string => new Date(START + minute * MINUTE).toISOString();
const folder = mkdtempSync(join(tmpdir(), 'headgate-labels-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const config = file(
  'headgate.yaml',
  `
pipelines:
  orders:
    season: [1h]
    every: 1m
    stages: { ingest: {}, enrich: { after: [ingest], signals: { lag_seconds: { limits: { above: 1m } } } } }
`,
);

/** A day of calm, but for minutes in which `lag` is over its limit. */
function day(troubles: readonly (readonly [from: number, to: number])[]): string {
  const random = seededRandom(3);
  const rows = Array.from({ length: 1_440 }, (_, minute) => {
    const lag = troubles.some(([from, to]) => minute >= from && minute < to) ? 120 : 5 + random();
    return [`${at(minute)},orders.ingest,${100 + random()},`, `${at(minute)},orders.enrich,,${lag}`];
  });
  return `time,stage,rows,lag_seconds\n${rows.flat().join('\n')}\n`;
}
const csv = day([
  [600, 630],
  [900, 910],
]);
// The first came two minutes late, the second is nowhere to be seen, the third is from before anything was known.
const labels = file(
  'labels.csv',
  `from,to,stage,signal,name\n${at(598)},${at(632)},orders.enrich,lag_seconds,deploy\n${at(1200)},${at(1210)},orders.ingest,rows,"rows, halved"\n${at(0)},,,,early\n`,
);

interface Told {
  readonly labels: number;
  readonly found: number;
  readonly right: number;
  readonly wrong: number;
  readonly recall: number;
  readonly precision: number;
  readonly medianDelaySeconds: number;
}
interface Said {
  readonly labels: Told & { readonly given: number; readonly missed: readonly object[] };
  readonly budget: { readonly pagesPerWeek: number };
  readonly stages: readonly (Told & {
    readonly stage: string;
    readonly signals: readonly (Told & { signal: string })[];
  })[];
}
const told = ({ labels, found, right, wrong, medianDelaySeconds }: Told) => [
  labels,
  found,
  right,
  wrong,
  medianDelaySeconds,
];

describe('headgate backtest --labels --html', () => {
  test('says what was found, how soon, and what was told for nothing: whole, stage and signal', async () => {
    const argv = ['--config', config, '--labels', labels, '--slack', '0s', '--format', 'json'];
    const { code, out } = await run(backtest, argv, { stdin: csv });
    assert.equal(code, 0);
    const said = JSON.parse(out) as Said;
    assert.deepEqual([said.labels.given, ...told(said.labels)], [3, 2, 1, 1, 1, 120]);
    assert.deepEqual([said.labels.recall, said.labels.precision, said.budget.pagesPerWeek], [0.5, 0.5, 1]);
    assert.deepEqual(said.labels.missed, [
      { from: at(1200), to: at(1210), stage: 'orders.ingest', signal: 'rows', name: 'rows, halved' },
    ]);
    const stage = (id: string) => said.stages.find((one) => one.stage === id) as Said['stages'][number];
    assert.deepEqual(told(stage('orders.enrich')), [1, 1, 1, 1, 120]);
    assert.deepEqual(told(stage('orders.ingest')), [1, 0, 0, 0, null]);
    const lag = stage('orders.enrich').signals.find((one) => one.signal === 'lag_seconds');
    assert.deepEqual(told(lag as Told), [1, 1, 1, 1, 120]);
  });

  test('shows people a line for each, and what was missed by its name', async () => {
    const { out } = await run(backtest, ['--config', config, '--labels', labels], { stdin: csv });
    assert.match(out, /\nagainst the labels +found +right +median delay +false a week\n/);
    assert.match(out, /\nall pages \(1 a week allowed\) +1\/2 +1\/2 +2 min +\d+\.\d\d\n/);
    assert.match(out, /\n {2}lag_seconds +1\/1 +1\/2 +2 min/);
    assert.match(out, /\n1 of 3 labels lie before anything had been learned and are not counted\n/);
    assert.match(out, new RegExp(`\\nmissed: ${at(1200)} rows, halved\\n$`));
  });

  test('writes the report that says the same, with the figures for programs in it', async () => {
    const html = join(folder, 'report.html');
    const argv = ['--config', config, '--labels', labels, '--html', html];
    const [shown, machine] = [
      await run(backtest, argv, { stdin: csv }),
      await run(backtest, [...argv, '--format', 'json'], { stdin: csv }),
    ];
    assert.equal(shown.code, 0);
    const page = readFileSync(html, 'utf8');
    assert.match(
      page,
      /<h1>With 1 page a week allowed: 2 pages in 24 h, 1 of 2 labelled incidents caught, after 2 min/,
    );
    assert.match(page, /<b>enrich · lag_seconds<\/b> <span class="dim">2 alerts<\/span>/);
    assert.match(page, /class="band" d="M/);
    const [, figures = ''] = page.match(/id="figures">(.*?)<\/script>/) ?? [];
    assert.deepEqual(JSON.parse(figures), { ...JSON.parse(machine.out), incidentsLeftOut: 0 });
  });

  test('one column of one stage: a label that names nothing is of it', async () => {
    const [one] = [csv.split('\n').filter((line) => line.includes('enrich'))];
    const input = `time,lag_seconds\n${one.map((line) => line.replace(/,orders\.enrich,,/, ',')).join('\n')}\n`;
    const windows = file('windows.json', JSON.stringify([[at(600), at(630)]]));
    const argv = ['--config', config, '--stage', 'orders.enrich', '--labels', windows, '--format', 'json'];
    const said = JSON.parse((await run(backtest, argv, { stdin: input })).out) as Said;
    assert.deepEqual(told(said.stages[0]?.signals[0] as Told), [1, 1, 1, 1, 0]);
  });

  test('--budgets lives through the same past again, and the limit is found under each', async () => {
    const argv = ['--config', config, '--labels', labels, '--budgets', '0.5,1,20'];
    // Beside the limit: rows that are a little stranger each time, so that some are worth a page to one and not to another.
    const graded = csv.replaceAll(/^(.*),orders\.ingest,([\d.]+),$/gm, (line, time: string, rows: string) => {
      const minute = (Date.parse(time) - START) / MINUTE;
      return minute > 700 && minute % 60 === 0 ? `${time},orders.ingest,${Number(rows) + (minute - 700) / 150},` : line;
    });
    const { out } = await run(backtest, [...argv, '--format', 'json'], { stdin: graded });
    const said = JSON.parse(out) as Said & {
      readonly pages: number;
      readonly budgets: readonly (Told & { pagesPerWeekAllowed: number; pages: number })[];
    };
    assert.deepEqual(
      said.budgets.map((one) => [one.pagesPerWeekAllowed, one.labels, one.found >= 1]),
      [0.5, 1, 20].map((allowed) => [allowed, 2, true]),
    );
    const asConfigured = said.budgets.find((one) => one.pagesPerWeekAllowed === said.budget.pagesPerWeek);
    assert.equal(asConfigured?.pages, said.pages, 'the budget of the config gives what the backtest itself gave');
    assert.ok((said.budgets.at(-1)?.pages ?? 0) > (said.budgets[0]?.pages ?? 0), 'who allows more is told more');
    const shown = await run(backtest, argv, { stdin: csv });
    assert.match(shown.out, /\npages a week allowed +pages +a week.*\n0\.5 +\d.*\n1 \(as configured\) +2 /);
  });

  for (const [what, argv, message] of [
    ['a budget that is none', ['--budgets', '1,none'], /^--budgets wants numbers of pages a week above 0, got "none"$/],
    [
      'labels that are not there',
      ['--labels', join(folder, 'none.csv')],
      /none\.csv cannot be read; is the path right\?$/,
    ],
    ['a report that cannot be written', ['--html', '/none/x.html'], /^\/none\/x\.html cannot be written: /],
    ['a slack that is none', ['--slack', 'some'], /^"some" is no duration; /],
  ] as const) {
    test(`refuses ${what} with a sentence`, async () => {
      await assert.rejects(run(backtest, ['--config', config, ...argv], { stdin: csv }), {
        name: 'HeadgateError',
        message,
      });
    });
  }
});
