import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DueQueue } from '../../src/engine/queue.ts';

test('what is due first comes first, whatever was pushed and popped in between', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (steps) => {
      const queue = new DueQueue<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) assert.equal(queue.pop(), model.shift());
        else {
          queue.push(step, step);
          model.push(step);
          model.sort((a, b) => a - b);
        }
        assert.equal(queue.first?.due, model[0]);
      }
      for (const expected of model) assert.equal(queue.pop(), expected);
      assert.equal(queue.pop(), undefined);
    }),
  );
});
