import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as backtest from '../../src/cli/backtest.ts';
import * as rehearse from '../../src/cli/rehearse.ts';
import { DAY, HOUR, MINUTE } from '../../src/domain/time.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { run } from './running.ts';

const START = Date.UTC(2026, 0, 5);
const STEP = 5 * MINUTE;
const WEEKS = 3;
const CONFIG = `
pipelines:
  orders:
    every: 5m
    season: [1d]
    stages:
      ingest: {}
      enrich:
        after: [ingest]
        derive: { kept_ratio: { ratio: { of: rows, to: ingest/rows } } }
        signals: { lag_seconds: { limits: { above: 10m } } }
`;

const folder = mkdtempSync(join(tmpdir(), 'headgate-rehearse-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'headgate.yaml');
writeFileSync(config, CONFIG);

interface Row {
  readonly at: number;
  readonly stage: string;
  rows: number;
  readonly lag: number | '';
}

/** Rows with a day, lag without one; a constant beside them, in which nothing but a spike upward can be seen. */
function past(weeks = WEEKS): Row[] {
  const random = seededRandom(7);
  const rows: Row[] = [];
  for (let at = START; at < START + weeks * 7 * DAY; at += STEP) {
    const day = 1 + 0.4 * Math.sin((2 * Math.PI * (at - 7 * HOUR)) / DAY);
    const into = 500 * day * (0.97 + 0.06 * random());
    rows.push({ at, stage: 'orders.ingest', rows: into, lag: '' });
    rows.push({ at, stage: 'orders.enrich', rows: into * (0.95 + 0.02 * random()), lag: 20 + 4 * random() });
  }
  return rows;
}
const csvOf = (rows: readonly Row[]): string =>
  `time,stage,rows,lag_seconds,dlq_depth\n${rows.map(({ at, stage, rows, lag }) => `${at},${stage},${rows},${lag},${lag === '' ? '' : 0}`).join('\n')}\n`;
const csv = csvOf(past());

interface Told {
  readonly runs: number;
  readonly found: number;
  readonly recall: number | null;
  readonly medianDelaySeconds: number | null;
  readonly holdable: number;
  readonly held: number;
  readonly released: number;
}
interface Said {
  readonly weeks: number;
  readonly from: string;
  readonly pagesPerWeek: number;
  readonly budgetPagesPerWeek: number;
  readonly signals: readonly (Told & {
    readonly stage: string;
    readonly signal: string;
    readonly falseAlarmsPerWeek: number;
    readonly faults: readonly (Told & { readonly kind: string; readonly places: readonly string[] })[];
  })[];
  readonly left: readonly { readonly stage: string; readonly signal: string; readonly why: string }[];
}

const rehearsed = async (...argv: string[]): Promise<Said> => {
  const { code, out } = await run(rehearse, ['--config', config, '--format', 'json', ...argv], { stdin: csv });
  assert.equal(code, 0);
  return JSON.parse(out) as Said;
};
const of = (said: Said, stage: string, signal: string) =>
  said.signals.find((one) => one.stage === stage && one.signal === signal) as Said['signals'][number];

describe('headgate rehearse', () => {
  test('an outage is found at once, held to its end and let go; to fall is no trouble for a lag', async () => {
    const said = await rehearsed('--faults', 'outage,ramp', '--places', '3');
    const outage = of(said, 'orders.ingest', 'rows').faults.find((one) => one.kind === 'outage');
    const { places, ...told } = outage as NonNullable<typeof outage>;
    assert.deepEqual(told, {
      kind: 'outage',
      says: 'falls to 0',
      runs: 3,
      found: 3,
      recall: 1,
      warned: 3,
      medianDelaySeconds: 0,
      holdable: 3,
      held: 3,
      released: 3,
    });
    assert.equal(new Set(places).size, 3);
    for (const place of places) assert.ok(Date.parse(place) >= START + WEEKS * 7 * (DAY / 3), place);
    assert.deepEqual(
      of(said, 'orders.enrich', 'lag_seconds').faults.map((one) => one.kind),
      ['ramp'],
      'no lag is too small',
    );
    assert.equal(said.budgetPagesPerWeek, 1);
    assert.ok(said.weeks > 1.9 && said.weeks <= 2, `${said.weeks}`);
  });

  test('what it says is what a backtest says of the same fault written into the file', async () => {
    const said = await rehearsed('--faults', 'shift', '--signals', 'rows', '--places', '2', '--length', '3h');
    const [shift] = of(said, 'orders.ingest', 'rows').faults;
    assert.deepEqual([shift?.runs, shift?.found], [2, 2]);
    for (const place of shift?.places ?? []) {
      const rows = past();
      const from = Date.parse(place);
      for (const row of rows)
        if (row.stage === 'orders.ingest' && row.at >= from && row.at < from + 3 * HOUR) row.rows *= 1.3;
      const whole = await run(backtest, ['--config', config, '--format', 'json'], { stdin: csvOf(rows) });
      const { incidents } = JSON.parse(whole.out) as { incidents: { openedAt: string; affected: string[] }[] };
      const opened = incidents.filter(({ openedAt }) => {
        const after = Date.parse(openedAt) - from;
        return after >= 0 && after < 3 * HOUR;
      });
      assert.ok(opened.length > 0, `${place}: ${JSON.stringify(incidents)}`);
    }
  });

  test('the same seed gives the same answer, another one other places', async () => {
    const argv = ['--faults', 'spike', '--signals', 'rows', '--places', '2'];
    const [a, b, other] = await Promise.all([
      rehearsed(...argv),
      rehearsed(...argv),
      rehearsed(...argv, '--seed', '2'),
    ]);
    assert.deepEqual(a, b);
    assert.notDeepEqual(a.signals[0]?.faults[0]?.places, other.signals[0]?.faults[0]?.places);
  });

  test('says of a signal in which no fault would show that it was left out', async () => {
    const said = await rehearsed('--faults', 'shift', '--places', '1');
    assert.deepEqual(
      said.left.map(({ signal, why }) => [signal, why]),
      [['dlq_depth', 'no fault would show in it at any quiet place']],
    );
  });

  test('shows people one line a signal and one a fault', async () => {
    const { out } = await run(rehearse, ['--config', config, '--faults', 'outage,spike', '--places', '2'], {
      stdin: csv,
    });
    assert.match(out, /^12096 samples; learned until 2026-01-12T00:00:00\.000Z, then 2\.00 weeks rehearsed\n/);
    assert.match(out, /\nuntouched: \d+ pages \(\d\.\d\d a week, 1 allowed\)\n/);
    assert.match(out, /\nsignal +found +median delay +held +let go +false alarms a week\n/);
    assert.match(out, /\norders\.ingest\/rows +\d\/4 +at once +2\/2 +2\/2 +\d\.\d\d\n/);
    assert.match(out, /\nfault +ingest\/rows +enrich\/rows +enrich\/lag_seconds\noutage +2\/2 at once/);
  });

  for (const [what, argv, stdin, message] of [
    ['a fault that is none', ['--faults', 'gremlins'], csv, /^there is no fault "gremlins"; there are outage, /],
    ['no places', ['--places', '0'], csv, /^--places wants a whole number from 1 on, got "0"$/],
    ['a signal that is not there', ['--signals', 'none'], csv, /^none of the signals named is there$/],
    ['a past without samples', [], 'time,stage,rows\n', /^the past holds no sample; nothing to rehearse on$/],
    [
      'a past that is too short',
      [],
      `${csv.split('\n').slice(0, 20).join('\n')}\n`,
      /^nothing to rehearse on \(orders\.ingest\/rows: it was not learned by the end of the past; .*give a longer past$/,
    ],
  ] as const) {
    test(`refuses ${what} with a sentence`, async () => {
      await assert.rejects(run(rehearse, ['--config', config, ...argv], { stdin }), { name: 'HeadgateError', message });
    });
  }
});
