import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import { limiter } from '../../src/kit/limits.ts';
import { until } from '../support/until.ts';

const never = new AbortController().signal;
const isCode = (code: string) => (error: unknown) => error instanceof HeadgateError && error.code === code;

/** Calls that end when they are told to. */
function gatedCalls() {
  const open: (() => void)[] = [];
  const call = async (): Promise<string> => {
    await new Promise<void>((resolve) => open.push(resolve));
    return 'done';
  };
  return { open, call };
}

test('no more calls run at once than allowed, and those that wait run in turn', async () => {
  const { open, call } = gatedCalls();
  const limit = limiter('enrich', { concurrency: 2, queue: 10, timeout: 60_000 });
  const all = Array.from({ length: 5 }, () => limit.run(call, never));
  assert.deepEqual([limit.running, limit.waiting, open.length], [2, 3, 2]);
  for (let ended = 0; ended < 5; ended += 1) {
    await until(() => open.length > ended, { what: 'the next call has begun' });
    assert.ok(open.length <= ended + 2, 'never three at once');
    open[ended]?.();
  }
  assert.deepEqual(await Promise.all(all), Array(5).fill('done'));
  assert.deepEqual([limit.running, limit.waiting], [0, 0]);
});

test('one more than may wait is refused at once', async () => {
  const { open, call } = gatedCalls();
  const limit = limiter('enrich', { concurrency: 1, queue: 1, timeout: 60_000 });
  const running = [limit.run(call, never), limit.run(call, never)];
  await assert.rejects(limit.run(call, never), isCode('rate-limited'));
  open[0]?.();
  await until(() => open.length === 2, { what: 'the waiting call has begun' });
  open[1]?.();
  await Promise.all(running);
});

test('a call that takes too long is aborted, and its room is free again', async () => {
  const limit = limiter('enrich', { concurrency: 1, queue: 0, timeout: 30 });
  let given: AbortSignal | undefined;
  const stuck = limit.run((abort) => {
    given = abort;
    return new Promise(() => {});
  }, never);
  await assert.rejects(stuck, isCode('timeout'));
  assert.equal(given?.aborted, true);
  assert.equal(await limit.run(async () => 7, never), 7);
});

test('abort reaches a running call and lets a waiting one go at once', async () => {
  const limit = limiter('enrich', { concurrency: 1, queue: 1, timeout: 60_000 });
  const controller = new AbortController();
  let given: AbortSignal | undefined;
  const running = limit.run((abort) => {
    given = abort;
    return new Promise(() => {});
  }, controller.signal);
  let began = false;
  const waiting = limit.run(async () => {
    began = true;
  }, controller.signal);
  controller.abort();
  await assert.rejects(running, isCode('aborted'));
  await assert.rejects(waiting, isCode('aborted'));
  assert.equal(given?.aborted, true);
  await until(() => limit.running === 0 && limit.waiting === 0, { what: 'the room is free' });
  assert.equal(began, false);
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  await assert.rejects(
    limit.run(async () => 1, controller.signal),
    isCode('aborted'),
  );
});

test('a waiting call hears its abort at once, though the room stays full', async () => {
  const { open, call } = gatedCalls();
  const limit = limiter('enrich', { concurrency: 1, queue: 1, timeout: 60_000 });
  const running = limit.run(call, never);
  const controller = new AbortController();
  const waiting = limit.run(call, controller.signal);
  controller.abort();
  await assert.rejects(waiting, isCode('aborted'));
  assert.equal(limit.running, 1);
  open[0]?.();
  assert.equal(await running, 'done');
});

test('an error of the call itself passes as it is', async () => {
  const limit = limiter('enrich', { concurrency: 1, queue: 0, timeout: 60_000 });
  const error = new HeadgateError('malformed', 'x');
  await assert.rejects(
    limit.run(() => Promise.reject(error), never),
    (thrown) => thrown === error,
  );
  await assert.rejects(
    limit.run(() => {
      throw error;
    }, never),
    (thrown) => thrown === error,
  );
  assert.equal(limit.running, 0);
});
