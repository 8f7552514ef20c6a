import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FadingSample } from '../../src/stats/fading-sample.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';

test('numbers kept in steps come back to within half a step, missing ones as missing, far ones as the farthest', () => {
  const of = { capacity: 128, memory: 512, seed: 1, step: 0.001 };
  const sample = new FadingSample(of);
  const given = (i: number): number => (i % 5 === 0 ? Number.NaN : i === 1 ? 1e9 : 30 * Math.sin(i));
  for (let i = 0; i < 100; i++) sample.add(new Map([['a', given(i)]]));
  const [column] = sample.table().table.columns;
  column?.forEach((x, i) => {
    if (Number.isNaN(given(i))) assert.ok(Number.isNaN(x));
    else assert.ok(Math.abs(x - Math.min(32.767, given(i))) <= 0.000_501, `${x} of ${given(i)}`);
  });
  const to = new NumberWriter();
  sample.write(to);
  assert.ok(to.done().length < 100 * 2 + 64);
  const read = new FadingSample(of);
  read.read(new NumberReader(to.done()));
  assert.deepEqual(read.table(), sample.table());
});

test('a column that went missing before the sample grew is written, read and tabled with all rows', () => {
  const sample = new FadingSample({ capacity: 512, memory: 2_048, seed: 1 });
  for (let i = 0; i < 300; i++)
    sample.add(
      new Map(
        i < 200
          ? [
              ['a', i],
              ['gone', -i],
            ]
          : [['a', i]],
      ),
    );
  const { names, table } = sample.table();
  assert.deepEqual(names, ['a', 'gone']);
  assert.deepEqual(
    table.columns.map((column) => column.length),
    [300, 300],
  );
  assert.ok(Number.isNaN(table.columns[1]?.[299]) && table.columns[1]?.[199] === -199);
  const to = new NumberWriter();
  sample.write(to);
  const read = new FadingSample({ capacity: 512, memory: 2_048, seed: 1 });
  read.read(new NumberReader(to.done()));
  assert.deepEqual(read.table(), sample.table());
});
