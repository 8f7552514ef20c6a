import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spread } from '../../src/kit/abort.ts';

test('signals that are spread take turns, and all fire with the one they stand for, for its reason', () => {
  const stop = new AbortController();
  const next = spread(stop.signal, 3);
  const handedOut = [next(), next(), next(), next()];
  assert.equal(new Set(handedOut).size, 3);
  assert.equal(handedOut[3], handedOut[0]);
  assert.ok(handedOut.every(({ aborted }) => !aborted));
  stop.abort('the end');
  assert.ok(handedOut.every(({ aborted, reason }) => aborted && reason === 'the end'));
});

test('signals of one that has fired already have fired too', () => {
  assert.ok(spread(AbortSignal.abort(), 2)().aborted);
});
