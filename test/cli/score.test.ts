import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import * as score from '../../src/cli/score.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { headgate } from '../app/program.ts';
import { until } from '../support/until.ts';
import { run } from './running.ts';

const folder = mkdtempSync(join(tmpdir(), 'headgate-score-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const START = Date.UTC(2026, 0, 5);
const HEAD = 'time,score,pvalue,state,alert,warning,because';
const BAND = ',expected,lower,upper';
const timeAt = (minute: number): string => new Date(START + minute * 60_000).toISOString();

/** Minutes of noise around 100, with a fault of the given size in the rows from `from` to `to`. */
function table(rows: number, { from = -1, to = -1, fault = 0, seed = 1 } = {}): string {
  const random = seededRandom(seed);
  const lines = Array.from({ length: rows }, (_, i) => {
    const noise = random() + random() + random();
    return `${timeAt(i)},${(100 + 5 * noise + (i >= from && i < to ? fault : 0)).toFixed(4)}`;
  });
  return `time,v\n${lines.join('\n')}\n`;
}

async function scoreOf(csv: string | readonly string[], ...more: readonly string[]): Promise<string[]> {
  const { code, out, err } = await run(score, ['--season', '1h', ...more], { stdin: csv });
  assert.deepEqual([code, err], [0, '']);
  return out.trimEnd().split('\n');
}

const column = (lines: readonly string[], name: string): string[] => {
  const place = (lines[0] as string).split(',').indexOf(name);
  return lines.slice(1).map((line) => line.split(',')[place] as string);
};

describe('headgate score', () => {
  test('gives one row for each, with the time as it was written, and the band for a single column', async () => {
    const csv = table(300, { from: 200, to: 210, fault: 60 });
    const lines = await scoreOf(csv);
    assert.equal(lines[0], HEAD + BAND);
    assert.deepEqual(
      column(lines, 'time'),
      csv
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[0]),
    );
    assert.deepEqual([...new Set(column(lines, 'state').slice(0, 30))], ['warming']);
    const alert = column(lines, 'alert');
    assert.ok(alert.slice(200, 210).includes('1'), lines.slice(200, 212).join('\n'));
    assert.ok(!alert.slice(0, 200).includes('1'));
    assert.ok(lines[201]?.includes(',v:1.00,'));
    for (const line of lines.slice(60)) {
      const [expected, lower, upper] = line.split(',').slice(-3).map(Number) as [number, number, number];
      assert.ok(lower <= expected && expected <= upper, line);
    }
  });

  test('row i depends on rows up to i: a shorter table gives the same beginning', async () => {
    const csv = table(400, { from: 150, to: 170, fault: 30 });
    const whole = await scoreOf(csv);
    const lines = csv.split('\n');
    for (const length of [1, 15, 16, 17, 40, 151, 160, 399]) {
      const part = await scoreOf(`${lines.slice(0, length + 1).join('\n')}\n`);
      assert.deepEqual(part, whole.slice(0, length + 1), `${length} rows`);
    }
  });

  test('does not depend on how the bytes arrive', async () => {
    const csv = table(120, { from: 80, to: 90, fault: 50 });
    const whole = await scoreOf(csv);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: csv.length - 1 }), { maxLength: 20 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), csv.length];
        const pieces = places
          .slice(1)
          .map((end, i) => csv.slice(places[i], end))
          .filter((piece) => piece !== '');
        assert.deepEqual(await scoreOf(pieces), whole);
      }),
      { numRuns: 20 },
    );
  });

  test('streams: a row that has come is answered before the next one comes', async () => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    let out = '';
    stdout.on('data', (chunk) => (out += chunk));
    const running = score.run(['--every', '1m'], { stdin, stdout, stderr: new PassThrough(), env: {}, cwd: '.' });
    const [head, ...rows] = table(20).trimEnd().split('\n');
    stdin.write(`${head}\n`);
    for (const [i, row] of rows.entries()) {
      stdin.write(`${row}\n`);
      await until(() => out.split('\n').length === i + 3, { what: `row ${i} is answered` });
    }
    stdin.end();
    assert.equal(await running, 0);
  });

  test('after --learn-until the reference is frozen: what comes later changes no later score', async () => {
    const calm = table(400).trimEnd().split('\n');
    const wild = calm.map((line, i) => (i > 200 && i <= 300 ? line.replace(/,.*/, `,${i % 2 ? 400 : -300}`) : line));
    const [a, b] = await Promise.all(
      [calm, wild].map((lines) => scoreOf(`${lines.join('\n')}\n`, '--learn-until', timeAt(190))),
    );
    const bands = (lines: readonly string[]) => lines.slice(350).map((line) => line.split(',').slice(-3).join());
    assert.deepEqual(bands(a as string[]), bands(b as string[]));
    // Without it the band follows a level that has shifted for long.
    assert.equal(new Set(bands(a as string[])).size <= 60, true, 'a season of an hour has 60 minutes');
  });

  test('what lies before --learn-until is normal, also what is strange in it, and only that', async () => {
    const lines = table(1_000).trimEnd().split('\n');
    const shifted = (from: number, to: number, by: number) => (line: string, row: number) =>
      row - 1 >= from && row - 1 < to ? line.replace(/,(.*)/, (_, value) => `,${Number(value) + by}`) : line;
    const csv = lines
      .map(shifted(300, 600, 60))
      .map(shifted(700, 720, 60))
      .map(shifted(850, 870, 150));
    const alerts = column(await scoreOf(`${csv.join('\n')}\n`, '--learn-until', timeAt(650)), 'alert');
    assert.deepEqual(
      [alerts.indexOf('1') < 310, alerts.slice(690, 840).includes('1'), alerts[851]],
      [true, false, '1'],
    );
  });

  test('times of --exclude are scored, and neither learned nor alerted; as often as they are named', async () => {
    const csv = table(400, { from: 200, to: 230, fault: 60 });
    const [plain, excluded] = await Promise.all([
      scoreOf(csv),
      scoreOf(csv, '--exclude', `${timeAt(199)}/${timeAt(230)}`, '--exclude', `${timeAt(300)}/${timeAt(310)}`),
    ]);
    assert.ok(column(plain, 'alert').includes('1'));
    // And for 24 rows after it, while a mean still holds some of it.
    const silent = ['alert', 'warning'].flatMap((name) => column(excluded, name).slice(199, 230 + 23));
    assert.deepEqual([...new Set(silent)], ['0']);
    const scores = column(excluded, 'score').map(Number);
    assert.ok(scores.slice(200, 230).filter((one) => one >= 1).length > 20, 'the score says what is to be seen');
    assert.deepEqual(excluded.slice(0, 200), plain.slice(0, 200));
  });

  test('a cell that is empty, NaN or no number is a gap of that row, never a zero, and gives a row all the same', async () => {
    const lines = table(200).trimEnd().split('\n');
    const holes = ['', 'NaN', 'null', '-', 'inf'];
    holes.forEach((hole, i) => {
      lines[101 + i] = `${timeAt(100 + i)},${hole}`;
    });
    const scored = await scoreOf(`${lines.join('\n')}\n`);
    assert.equal(scored.length, 201);
    const { alert, state } = { alert: column(scored, 'alert'), state: column(scored, 'state') };
    assert.deepEqual(
      state.slice(100, 105),
      holes.map(() => 'blind'),
    );
    assert.ok(!alert.includes('1'));
    assert.equal(state[105], 'ready');
  });

  test('a gap in time is not made up: no row is put in', async () => {
    const lines = table(300).trimEnd().split('\n');
    const cut = [...lines.slice(0, 150), ...lines.slice(200)];
    const scored = await scoreOf(`${cut.join('\n')}\n`);
    assert.equal(scored.length, cut.length);
    assert.ok(!column(scored, 'alert').includes('1'));
  });

  test('times that repeat or run back cost no row and no crash', async () => {
    const lines = table(200).trimEnd().split('\n');
    const [head, ...rows] = lines as [string, ...string[]];
    const mixed = [...rows.slice(0, 100), rows[99], rows[99], ...rows.slice(90, 95), ...rows.slice(100)] as string[];
    const scored = await scoreOf(`${[head, ...mixed].join('\n')}\n`);
    assert.deepEqual(
      column(scored, 'time'),
      mixed.map((row) => row.split(',')[0]),
    );
    assert.ok(!column(scored, 'alert').includes('1'));
  });

  test('takes CRLF, a last line without its end, quotes, and times in seconds and milliseconds alike', async () => {
    const csv = table(100);
    const plain = await scoreOf(csv);
    assert.deepEqual(await scoreOf(csv.replaceAll('\n', '\r\n')), plain);
    assert.deepEqual(await scoreOf(csv.trimEnd()), plain);
    assert.deepEqual(await scoreOf(csv.replace(/^(.*),(.*)$/gm, '"$1","$2"')), plain);
    const withTime = (write: (at: number) => string) =>
      csv.replace(/^(2026[^,]*)/gm, (text) => write(Date.parse(text)));
    const scores = (lines: readonly string[]) => lines.slice(1).map((line) => line.replace(/^[^,]*/, ''));
    assert.deepEqual(scores(await scoreOf(withTime((at) => `${at / 1_000}`))), scores(plain));
    assert.deepEqual(scores(await scoreOf(withTime((at) => `${at}`))), scores(plain));
  });

  test('38 columns are one stage: the row names the columns that are strange, without a band', async () => {
    const random = seededRandom(5);
    const names = Array.from({ length: 38 }, (_, i) => `s${i}`);
    const rows = Array.from({ length: 300 }, (_, i) =>
      [
        timeAt(i),
        ...names.map((_, c) => (50 + c + random() + (i >= 250 && (c === 7 || c === 20) ? 40 : 0)).toFixed(3)),
      ].join(','),
    );
    const lines = await scoreOf(`time,${names.join(',')}\n${rows.join('\n')}\n`);
    assert.deepEqual([lines[0], lines.length], [HEAD, 301]);
    assert.equal(column(lines, 'alert')[250], '1');
    const named = (column(lines, 'because')[250] as string).split(';').map((share) => share.split(':')[0]);
    assert.deepEqual(named.slice(0, 2).sort(), ['s20', 's7']);
    // What comes by chance is nobody's fault, so a usual row has little to share out.
    for (const row of Array.from({ length: 10 }, (_, i) => 240 + i)) {
      const shares = (column(lines, 'because')[row] as string)
        .split(';')
        .map((share) => Number(share.split(':')[1] ?? 0));
      const sum = shares.reduce((a, b) => a + b, 0);
      assert.ok(sum <= 1.05 - Number(column(lines, 'pvalue')[row]), `row ${row}: ${sum}`);
    }
  });

  test('--time and --values choose columns by name, in any order', async () => {
    const csv = table(100);
    const wide = csv
      .split('\n')
      .map((line, i) =>
        line === ''
          ? ''
          : `${i ? `x${i}` : 'host'},${line.split(',').reverse().join(',')},7`.replace(/7$/, i ? '7' : 'w'),
      );
    const lines = await scoreOf(wide.join('\n'), '--time', 'time', '--values', 'v');
    assert.deepEqual(lines, await scoreOf(csv));
  });

  test('the column of time is found by its name, wherever it stands', async () => {
    const csv = table(100);
    const turned = csv.replaceAll(/^(.*),(.*)$/gm, '$2,$1').replace('v,time', 'v,Timestamp');
    assert.deepEqual(await scoreOf(turned), await scoreOf(csv));
  });

  test('--format json says the same, one object a line', async () => {
    const csv = table(200, { from: 150, to: 160, fault: 60 });
    const lines = await scoreOf(csv);
    const { out } = await run(score, ['--season', '1h', '--format', 'json'], { stdin: csv });
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(rows.length, 200);
    assert.deepEqual(
      rows.map((row) => row.time),
      column(lines, 'time'),
    );
    assert.deepEqual(
      rows.map((row) => (row.alert ? '1' : '0')),
      column(lines, 'alert'),
    );
    assert.deepEqual(rows[150]?.because, [{ signal: 'v', share: 1 }]);
    assert.equal(Number(rows[150]?.expected).toPrecision(6), column(lines, 'expected')[150]);
    assert.equal(rows[0]?.pvalue, null);
  });

  test('what would break a row out is quoted: names and times with commas and quotes', async () => {
    const csv = table(200, { from: 150, to: 160, fault: 60 });
    const odd = csv
      .replace('time,v', 'time,"a ""b"", c"')
      .replaceAll(/^(2026[^,]*)/gm, (at) => `"${new Date(at).toUTCString()}"`);
    const { out } = await run(score, ['--season', '1h'], { stdin: odd });
    const line = out.split('\n')[151] as string;
    assert.match(line, /^"Mon, 05 Jan 2026 02:30:00 GMT",.*,1,1,"a ""b"", c:1\.00",/);
  });

  test('writes a file where --output names one', async () => {
    const [input, output] = [join(folder, 'in.csv'), join(folder, 'out.csv')];
    writeFileSync(input, table(50));
    const { code, out } = await run(score, ['--season', '1h', '--input', input, '--output', output]);
    assert.deepEqual([code, out], [0, '']);
    assert.deepEqual(readFileSync(output, 'utf8').trimEnd().split('\n'), await scoreOf(table(50)));
  });

  test('a header alone gives a header', async () => {
    assert.deepEqual(await scoreOf('time,v\n'), [HEAD + BAND]);
  });

  for (const [what, argv, stdin, message] of [
    ['nothing at all', [], '', /^standard input is empty; want a header line and rows$/],
    ['a time that is none', [], 'time,v\n2026-01-05,1\nsoon,2\n', /^standard input line 3: "soon" is no time$/],
    ['a column that is not there', ['--values', 'w'], 'time,v\n', /^standard input has no column "w"; it has time, v$/],
    ['a file that is not there', ['--input', 'none.csv'], '', /^none\.csv cannot be read; is the path right\?$/],
    [
      'an output that cannot be made',
      ['--output', '/none/x.csv'],
      'time,v\n',
      /^\/none\/x\.csv cannot be written: .*is the path right\?$/,
    ],
    ['a format that is none', ['--format', 'xml'], 'time,v\n', /^--format wants csv or json, got "xml"$/],
    [
      'an end of learning that is no time',
      ['--learn-until', 'later'],
      'time,v\n',
      /^--learn-until wants a time such as .*, got "later"$/,
    ],
    [
      'a budget that is none',
      ['--pages-per-week', '0'],
      'time,v\n',
      /^--pages-per-week wants a number above 0, got "0"$/,
    ],
    [
      'a distance that is none',
      ['--every', 'often'],
      'time,v\n',
      /^"often" is no duration; want something such as 15s/,
    ],
  ] as const) {
    test(`refuses ${what} with a sentence`, async () => {
      await assert.rejects(run(score, argv, { stdin }), { name: 'HeadgateError', message });
    });
  }

  test('a reader that closes early ends the program quietly', async (t) => {
    const input = join(folder, 'long.csv');
    writeFileSync(input, table(20_000));
    const program = headgate(t, ['score', '--input', input]);
    await program.says('time,score');
    program.child.stdout?.destroy();
    assert.equal(await program.ended, 0);
    assert.equal(program.err, '');
  });
});
