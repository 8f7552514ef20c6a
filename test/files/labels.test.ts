import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readLabels } from '../../src/files/labels.ts';

async function* pieces(text: string) {
  for (let at = 0; at < text.length; at += 7) yield text.slice(at, at + 7);
}
const read = (text: string) => readLabels('known.csv', pieces(text));
const [FROM, TO] = [Date.UTC(2026, 0, 5, 8), Date.UTC(2026, 0, 5, 9, 30)];

describe('labels of known incidents', () => {
  test('stretches and points from a CSV, in the order of time, with what is known of them', async () => {
    const csv =
      '\uFEFFfrom,to,stage,signal,name\r\n2026-01-06T08:00Z,,,,"a ""point"", say"\r\n2026-01-05T08:00Z,2026-01-05T09:30Z,orders.enrich,lag_seconds,\r\n';
    assert.deepEqual(await read(csv), [
      { from: FROM, to: TO, stage: 'orders.enrich', signal: 'lag_seconds' },
      { from: FROM + 86_400_000, to: FROM + 86_400_000, name: 'a "point", say' },
    ]);
  });

  test('a column of time alone makes points; times in seconds as well', async () => {
    assert.deepEqual(await read(`timestamp\n${FROM / 1_000}\n`), [{ from: FROM, to: FROM }]);
  });

  test('JSON: objects, and pairs as NAB writes its windows', async () => {
    const objects = JSON.stringify([{ start: '2026-01-05 08:00:00', end: '2026-01-05 09:30:00', stage: 'p.a' }]);
    assert.deepEqual(await read(objects), [{ from: FROM, to: TO, stage: 'p.a' }]);
    assert.deepEqual(await read('[["2026-01-05 08:00:00.000000", "2026-01-05 09:30:00.000000"]]'), [
      { from: FROM, to: TO },
    ]);
  });

  for (const [what, text, message] of [
    ['no column of time', 'stage,name\na,b\n', /^known\.csv has no column from or time; it has stage, name$/],
    ['a time that is none', 'from,to\nnow,then\n', /^known\.csv line 2: "now" is no time$/],
    [
      'an end before its beginning',
      'from,to\n2026-01-02,2026-01-01\n',
      /^known\.csv line 2: it ends before it begins$/,
    ],
    ['a row without a time', 'from,name\n,x\n', /^known\.csv line 2: it does not say when$/],
    ['broken JSON', '[{"from":', /^known\.csv begins like JSON and is none: /],
    ['JSON without a time', '[null]', /^known\.csv, label 1: it does not say when$/],
  ] as const) {
    test(`refuses ${what} with a sentence`, async () => {
      await assert.rejects(read(text), { name: 'HeadgateError', message });
    });
  }
});
