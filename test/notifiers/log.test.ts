import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../src/domain/notice.ts';
import { logNotifier } from '../../src/notifiers/log/index.ts';
import { noticeOf, resolvedNotice } from '../contracts/notices.ts';
import { testMemory } from '../support/memory.ts';
import { testValves } from '../support/valves.ts';

const never = new AbortController().signal;

function set() {
  const said: Notice[] = [];
  const { clock } = testValves();
  const notifier = logNotifier.create(logNotifier.config.parse({}), {
    clock,
    random: () => 0.5,
    pageUrl: 'http://127.0.0.1:9464',
    say: (notice) => said.push(notice),
    memory: testMemory(),
  });
  return { said, notifier };
}

test('log: says each notice once, in order', async () => {
  const { said, notifier } = set();
  await notifier.send(noticeOf(), 1, never);
  await notifier.send(resolvedNotice(), 1, never);
  assert.deepEqual(said, [noticeOf(), resolvedNotice()]);
  await notifier.close();
  await notifier.close();
});

test('log: says nothing of a notice that was given up', async () => {
  const { said, notifier } = set();
  await assert.rejects(notifier.send(noticeOf(), 1, AbortSignal.abort()), { code: 'aborted' });
  assert.deepEqual(said, []);
});

test('log: has no settings', () => {
  assert.equal(logNotifier.config.safeParse({ level: 'info' }).success, false);
});
