import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import type { Command } from '../../src/cli/command.ts';
import * as drift from '../../src/cli/drift.ts';
import * as profile from '../../src/cli/profile.ts';
import { seededRandom } from '../../src/stats/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'headgate-drift-'));
after(() => rmSync(folder, { recursive: true }));

/** Orders: amounts around a mean, a country, a share of missing notes. */
function put(name: string, of: { rows?: number; mean?: number; german?: number; nulls?: number; seed?: number }): void {
  const { rows = 2_000, mean = 10, german = 0.6, nulls = 0.02, seed = 1 } = of;
  const random = seededRandom(seed);
  const lines = Array.from({ length: rows }, () => {
    const amount = mean + 2 * (random() + random() + random());
    const country = random() < german ? 'DE' : 'FR';
    return `${amount.toFixed(4)},${country},${random() < nulls ? '' : '"paid, by card"'}`;
  });
  writeFileSync(join(folder, name), `amount,country,note\n${lines.join('\n')}\n`);
}

put('a.csv', {});
put('same.csv', { seed: 2 });
put('moved.csv', { seed: 3, mean: 11, german: 0.4, nulls: 0.2 });
put('few.csv', { seed: 4, rows: 20 });

async function run(command: Command, ...argv: string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const said = text(stdout);
  const code = await command.run(argv, { stdin, stdout, stderr, env: {}, cwd: folder });
  stdout.end();
  return { code, out: await said };
}

interface Answer {
  columns: {
    column: string;
    by?: string;
    result: string;
    test: string | null;
    adjustedP: number;
    effect: number;
    why: string;
  }[];
}
async function compare(...argv: string[]): Promise<{ code: number } & Answer> {
  const { code, out } = await run(drift, ...argv, '--format', 'json');
  return { code, ...(JSON.parse(out) as Answer) };
}

describe('headgate drift', () => {
  test('finds nothing between two samples of one thing, and exits with 0', async () => {
    const { code, columns } = await compare('--reference', 'a.csv', '--current', 'same.csv');
    assert.equal(code, 0);
    assert.deepEqual(
      columns.map(({ column, result }) => [column, result]),
      [
        ['amount', 'none'],
        ['country', 'none'],
        ['note', 'none'],
      ],
    );
  });

  test('finds what moved, says how far, and exits with 1', async () => {
    const { code, columns } = await compare('--reference', 'a.csv', '--current', 'moved.csv');
    assert.equal(code, 1);
    assert.deepEqual(
      columns.map(({ column, result, test: by }) => [column, result, by]),
      [
        ['amount', 'drift', 'mann-whitney'],
        ['country', 'drift', 'chi-square'],
        ['note', 'drift', 'nulls'],
      ],
    );
    assert.match(columns[0]?.why ?? '', /^median 1\d(\.\d+)? → 1[34](\.\d+)?; significant/);
    assert.match(columns[1]?.why ?? '', /"DE" \d\d % → \d\d %/);
    assert.match(columns[2]?.why ?? '', /^nulls \d\.\d % → \d\d %/);
  });

  test('has every key of its contract in each column', async () => {
    const { columns } = await compare('--reference', 'a.csv', '--current', 'same.csv');
    const keys = [
      'column',
      'test',
      'statistic',
      'pValue',
      'adjustedP',
      'effect',
      'effectNull',
      'nRef',
      'nCur',
      'result',
      'why',
    ];
    for (const column of columns) assert.deepEqual(Object.keys(column), keys);
  });

  test('says insufficient below 30 rows, and that is no finding', async () => {
    const { code, columns } = await compare('--reference', 'a.csv', '--current', 'few.csv');
    assert.equal(code, 0);
    assert.ok(columns.every(({ result }) => result === 'insufficient'));
  });

  test('compares each value of a column with itself', async () => {
    const { columns } = await compare('--reference', 'a.csv', '--current', 'moved.csv', '--by', 'country');
    assert.deepEqual(
      columns.map(({ column, by }) => `${by} ${column}`),
      ['DE amount', 'DE note', 'FR amount', 'FR note'],
    );
    assert.ok(columns.every(({ result }) => result === 'drift'));
  });

  test('a column that is gone has drifted; a new one has nothing to be compared with', async () => {
    const write = (name: string, head: string, cell: (i: number) => string) =>
      writeFileSync(join(folder, name), `${head}\n${Array.from({ length: 50 }, (_, i) => cell(i)).join('\n')}\n`);
    write('two.csv', 'a,b', (i) => `${i},x`);
    write('other.csv', 'a,c', (i) => `${i},x`);
    const { code, columns } = await compare('--reference', 'two.csv', '--current', 'other.csv');
    assert.equal(code, 1);
    assert.deepEqual(
      columns.map(({ column, result }) => [column, result]),
      [
        ['a', 'none'],
        ['b', 'drift'],
        ['c', 'insufficient'],
      ],
    );
  });

  test('numbers that turn into text are drift, not a crash', async () => {
    writeFileSync(join(folder, 'text.csv'), `amount\n${'oops\n'.repeat(500)}`);
    const { columns } = await compare('--reference', 'a.csv', '--current', 'text.csv');
    assert.deepEqual([columns[0]?.result, columns[0]?.test], ['drift', 'nulls']);
  });

  test('says which file cannot be read, and which option is missing', async () => {
    await assert.rejects(run(drift, '--reference', 'a.csv', '--current', 'none.csv'), /none\.csv cannot be read/);
    await assert.rejects(run(drift, '--reference', 'a.csv'), /want --reference FILE and --current FILE/);
    await assert.rejects(
      run(drift, '--reference', 'a.csv', '--current', 'a.csv', '--by', 'nope'),
      /has no column "nope"/,
    );
  });

  test('prints a table for people', async () => {
    const { out } = await run(drift, '--reference', 'a.csv', '--current', 'moved.csv');
    assert.match(out, /^column +result +test +adjusted p +effect +rows +why\n/);
    assert.match(out, /\n3 of 3 drifted\n$/);
  });
});

describe('headgate profile', () => {
  test('shows how each column is spread', async () => {
    const { code, out } = await run(profile, 'a.csv');
    assert.equal(code, 0);
    assert.match(out, /\namount +number +2000 +0 +\d+ +1\d\.\d+ … /);
    assert.match(out, /\ncountry +category +2000 +0 +2 +DE \d\d %, FR \d\d %\n/);
  });

  test('gives the profiles as JSON', async () => {
    const { out } = await run(profile, 'a.csv', '--format', 'json');
    const { columns } = JSON.parse(out) as { columns: { field: string; rows: number; quantiles?: number[][] }[] };
    assert.equal(columns[0]?.quantiles?.length, 101);
    assert.deepEqual(
      columns.map(({ field, rows }) => [field, rows]),
      [
        ['amount', 2_000],
        ['country', 2_000],
        ['note', 2_000],
      ],
    );
  });
});
