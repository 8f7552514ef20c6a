import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';

test('reads back exactly what was written, whatever the size', () => {
  const texts = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(fc.array(fc.double()), fc.float32Array({ maxLength: 3_000 }), texts, (numbers, floats, text) => {
      const to = new NumberWriter();
      for (const value of numbers) to.number(value);
      to.floats(floats);
      to.text(text);
      const from = new NumberReader(to.done());
      for (const value of numbers) assert.ok(Object.is(from.number(), value));
      const copy = new Float32Array(floats.length);
      from.floats(copy);
      assert.deepEqual(copy, floats);
      assert.equal(from.text(), text);
      assert.equal(from.atEnd, true);
    }),
  );
});

test('what is mostly zero takes a bit for each zero, and comes back as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(0), fc.float()), { maxLength: 300 }), (list) => {
      const values = Float32Array.from(list, (x) => x + 0);
      // Memory that was written to before.
      const to = new NumberWriter(new Uint8Array(64).fill(255));
      to.sparse(values);
      to.text('behind');
      const bytes = to.done();
      const there = values.filter((x) => x !== 0).length;
      assert.equal(bytes.length, Math.ceil(values.length / 8) + 4 * there + 8 + 6);
      const from = new NumberReader(bytes);
      const copy = new Float32Array(values.length).fill(7);
      from.sparse(copy);
      assert.deepEqual(copy, values);
      assert.equal(from.text(), 'behind');
    }),
  );
  assert.throws(() => new NumberReader(new Uint8Array([255, 0, 0])).sparse(new Float32Array(8)), RangeError);
});

test('throws a RangeError past the end and for arrays of another length', () => {
  const to = new NumberWriter();
  to.floats(new Float32Array(3));
  assert.throws(() => new NumberReader(to.done()).floats(new Float32Array(4)), RangeError);
  assert.throws(() => new NumberReader(new Uint8Array(7)).number(), RangeError);
  const long = new NumberWriter();
  long.number(1e9);
  assert.throws(() => new NumberReader(long.done()).text(), RangeError);
});
