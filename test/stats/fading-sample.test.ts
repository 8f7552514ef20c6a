import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FadingSample } from '../../src/stats/fading-sample.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';

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
