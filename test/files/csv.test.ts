import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseNumber, parseTime, readCsv } from '../../src/files/csv.ts';

async function read(...pieces: string[]) {
  const records = [];
  for await (const record of readCsv(pieces)) records.push(record);
  return records;
}

test('reads quotes, doubled quotes, breaks inside quotes, CRLF, and passes empty lines over', async () => {
  const records = await read('a,b\r\n"x, ""y""","1\n2"\r\n\r\n3,\n');
  assert.deepEqual(records, [
    { line: 1, cells: ['a', 'b'] },
    { line: 2, cells: ['x, "y"', '1\n2'] },
    { line: 5, cells: ['3', ''] },
  ]);
});

test('the pieces a stream happens to come in make no difference', async () => {
  const cell = fc.string({ maxLength: 8 }).filter((text) => !/[\r\0]/.test(text));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      async (rows, seed) => {
        const text = rows.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')).join('\n');
        const cut = text.length === 0 ? 0 : seed % text.length;
        const [whole, split] = [await read(text), await read(text.slice(0, cut), text.slice(cut))];
        assert.deepEqual(split, whole);
        assert.deepEqual(
          whole.map((record) => record.cells),
          rows,
        );
      },
    ),
  );
});

test('a quote that is never closed, and a record without end, are refused with their line', async () => {
  await assert.rejects(read('a,b\n1,"2\n'), /line 2: a quote is never closed/);
  await assert.rejects(read(...Array.from({ length: 50 }, () => 'x'.repeat(100_000))), /line 1: a record is longer/);
});

test('times: seconds, milliseconds, dates with and without a zone', () => {
  const noon = Date.UTC(2026, 0, 5, 12);
  for (const text of [
    '1767614400',
    '1767614400000',
    '2026-01-05T12:00:00Z',
    '2026-01-05 12:00:00',
    '2026-01-05T13:00:00+01:00',
    '2026-01-05 13:00:00+01:00',
    '2026-01-05 12:00:00 +00:00',
    '2026-01-05 12:00:00.000000',
    '2026/01/05 12:00',
    'Mon, 05 Jan 2026 12:00:00 GMT',
    '1.7676144e9',
    '1767614400.0',
    '1767614400000000',
    '1767614400000000000',
  ])
    assert.equal(parseTime(text), noon, text);
  assert.equal(parseTime('2026-01-05'), Date.UTC(2026, 0, 5));
  // What is read otherwise in another place of the world is refused.
  for (const text of ['', 'soon', '2026-13-45', '01/05/2026', '5 Jan 2026 12:00', '1e30'])
    assert.equal(parseTime(text), undefined, text);
});

test('numbers: what is none is a gap, never a zero', () => {
  assert.equal(parseNumber(' 1.5e3 '), 1_500);
  for (const text of [undefined, '', '  ', 'NaN', 'null', '-', 'Infinity', '1,5'])
    assert.equal(parseNumber(text), undefined, String(text));
});
