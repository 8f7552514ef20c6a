import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import * as backtest from '../../src/cli/backtest.ts';
import * as drift from '../../src/cli/drift.ts';
import * as score from '../../src/cli/score.ts';
import { openRecords } from '../../src/files/records.ts';
import { run } from '../cli/running.ts';

const folder = mkdtempSync(join(tmpdir(), 'headgate-records-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Writes what a query gives as Parquet, and as CSV beside it. */
async function write(name: string, query: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const [ending, format] of [
    ['parquet', 'FORMAT parquet, ROW_GROUP_SIZE 2048'],
    ['csv', 'FORMAT csv, HEADER'],
  ])
    await connection.run(`COPY (${query}) TO '${join(folder, `${name}.${ending}`)}' (${format})`);
  connection.closeSync();
  instance.closeSync();
}

const read = async (name: string, stdin: string | Buffer = '') => {
  const records = [];
  const input = Readable.from([stdin], { objectMode: false });
  for await (const { cells } of await openRecords(name, { stdin: input, cwd: folder })) records.push(cells);
  return records;
};

describe('records of a file', () => {
  before(async () => {
    await write(
      'kinds',
      `SELECT TIMESTAMP '2026-01-05 12:00:00' AS time, TIMESTAMPTZ '2026-01-05 13:00:00+01' AS zoned, DATE '2026-01-05' AS day, 1.5::DOUBLE AS real,
       9007199254740993::BIGINT AS long, 3.25::DECIMAL(9,2) AS exact, true AS yes, NULL::DOUBLE AS nothing, 'a "b", c' AS words, [1, 2] AS list`,
    );
    await write(
      'rows',
      `SELECT TIMESTAMP '2026-01-05' + INTERVAL (i) MINUTE AS time, 'orders.enrich' AS stage, CASE WHEN i BETWEEN 6000 AND 6030 THEN 900 ELSE
       100 + 7 * sin(i * 12.9898) END AS lag_seconds FROM range(7000) t(i)`,
    );
    writeFileSync(join(folder, 'headgate.yaml'), 'pipelines: { orders: { every: 1m, stages: { enrich: {} } } }\n');
  });

  test('Parquet of every kind of column reads as CSV would; no precision of a whole number is lost', async () => {
    assert.deepEqual(await read('kinds.parquet'), [
      ['time', 'zoned', 'day', 'real', 'long', 'exact', 'yes', 'nothing', 'words', 'list'],
      [
        '2026-01-05T12:00:00.000Z',
        '2026-01-05T12:00:00.000Z',
        '2026-01-05T00:00:00.000Z',
        '1.5',
        '9007199254740993',
        '3.25',
        '1',
        '',
        'a "b", c',
        '[1,2]',
      ],
    ]);
  });

  test('score gives the same rows for a table as Parquet and as CSV', async () => {
    const [csv, parquet] = await Promise.all(
      ['rows.csv', 'rows.parquet'].map(async (input) => {
        const { code, out } = await run(score, ['--input', input, '--values', 'lag_seconds'], { cwd: folder });
        assert.equal(code, 0);
        return out.trimEnd().split('\n');
      }),
    );
    const withoutTime = (lines: readonly string[] = []) => lines.map((line) => line.replace(/^[^,]*/, ''));
    assert.equal(csv?.length, 7_001);
    assert.deepEqual(withoutTime(parquet), withoutTime(csv));
    assert.ok(parquet?.some((line) => line.startsWith('2026-01-09T04:00:00.000Z,') && line.includes(',1,1,')));
  });

  test('backtest and drift read Parquet as they read CSV', async () => {
    const config = join(folder, 'headgate.yaml');
    const [a, b] = await Promise.all(
      ['rows.csv', 'rows.parquet'].map((input) =>
        run(backtest, ['--config', config, '--input', input], { cwd: folder }),
      ),
    );
    assert.equal(a?.out, b?.out);
    assert.match(a?.out ?? '', /critical orders\.enrich/);
    const same = await run(drift, ['--reference', 'rows.csv', '--current', 'rows.parquet', '--format', 'json'], {
      cwd: folder,
    });
    const { columns } = JSON.parse(same.out) as { columns: { column: string; result: string }[] };
    assert.equal(columns.find(({ column }) => column === 'lag_seconds')?.result, 'none');
  });

  test('a name with the signs of a pattern is that file and no pattern', async () => {
    const odd = "it's [a] *.parquet";
    writeFileSync(join(folder, odd), readFileSync(join(folder, 'kinds.parquet')));
    assert.equal((await read(odd)).length, 2);
  });

  test('a byte order mark is no part of the first name', async () => {
    assert.deepEqual(await read('-', '\uFEFFtime,v\n1,2\n'), [
      ['time', 'v'],
      ['1', '2'],
    ]);
  });

  for (const [what, name, stdin, code, message] of [
    ['a file that is not there', 'none.csv', '', 'not-found', 'none.csv cannot be read; is the path right?'],
    ['a folder', '.', '', 'not-found', '. cannot be read; is the path right?'],
    [
      'Parquet from a stream',
      '-',
      'PAR1....',
      'unsupported',
      'Parquet cannot be read from a stream; write it to a file and name that',
    ],
  ] as const) {
    test(`refuses ${what} with a sentence`, async () => {
      await assert.rejects(read(name, stdin), { name: 'HeadgateError', code, message });
    });
  }

  test('refuses Parquet that was cut off with a sentence', async () => {
    writeFileSync(join(folder, 'cut.parquet'), readFileSync(join(folder, 'rows.parquet')).subarray(0, 5_000));
    await assert.rejects(read('cut.parquet'), {
      code: 'malformed',
      message: /^cut\.parquet cannot be read as Parquet: /,
    });
  });
});
