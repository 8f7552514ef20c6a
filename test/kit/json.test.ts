import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from '../../src/kit/json.ts';
import { HOLD_LIMIT, usualHold } from '../support/holds.ts';

/** Blanks that make a text large enough to be read in slices. */
const PADDING = ' '.repeat(300_000);

const largely = (text: string): Promise<unknown> => parseJson(Buffer.from(text + PADDING));

/** What `JSON.parse` makes of it, or that it refuses. */
function usual(text: string): unknown {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return 'no JSON';
  }
}

const found = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => ({ value }),
    (error) => {
      assert.ok(error instanceof SyntaxError, String(error));
      return 'no JSON';
    },
  );

test('reads a text of any size as JSON.parse does', () =>
  fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 5 }), async (text) => {
      assert.deepEqual(await parseJson(Buffer.from(text)), JSON.parse(text));
      assert.deepEqual(await largely(text), JSON.parse(text));
    }),
    { numRuns: 60 },
  ));

test('refuses what JSON.parse refuses', async () => {
  const damaged = fc
    .tuple(fc.json(), fc.nat(40), fc.nat(5), fc.constantFrom('', ',', '}', ']', '"', '-', '.', '1', 'NaN', '\n'))
    .map(([text, at, length, put]) => text.slice(0, at) + put + text.slice(at + length));
  await fc.assert(
    fc.asyncProperty(damaged, async (text) => {
      assert.deepEqual(await found(largely(text)), usual(text));
    }),
    { numRuns: 100 },
  );
  for (const text of ['', '{} {}', '[1,]', '01', '1.', '"\u0001"', '['.repeat(300_000)]) {
    assert.equal(await found(largely(text)), 'no JSON', text.slice(0, 20));
    assert.equal(await found(parseJson(Buffer.from(text))), 'no JSON', text.slice(0, 20));
  }
});

test('reads a number that ends with the text', async () => {
  const digits = `0.${'1'.repeat(300_000)}`;
  assert.equal(await parseJson(Buffer.from(digits)), Number(digits));
});

test('an own key __proto__ changes nobody', async () => {
  const value = await largely('{"__proto__": {"lag": 3}, "a": 1}');
  assert.equal(({} as { lag?: number }).lag, undefined);
  assert.equal((value as { a: number }).a, 1);
});

test('a million numbers are read beside other work', async (t) => {
  const text = Buffer.from(JSON.stringify(Array.from({ length: 1_000_000 }, (_, index) => index)));
  const sliced = await usualHold(async () => {
    assert.equal(((await parseJson(text)) as unknown[]).length, 1_000_000);
  });
  t.diagnostic(`${text.length} bytes held the event loop for ${sliced.toFixed(1)} ms at most`);
  assert.ok(sliced < HOLD_LIMIT, `${sliced.toFixed(1)} ms`);
});
