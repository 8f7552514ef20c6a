import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { afterLook, createDiscovery } from '../../src/app/discovery.ts';
import type { DiscoveryConfig } from '../../src/config/config.ts';
import { HeadgateError } from '../../src/domain/error.ts';
import { MINUTE } from '../../src/domain/time.ts';
import { openMemory } from '../../src/stores/memory/memory.ts';
import { fakeClock } from '../support/fake-clock.ts';

const TOPICS: DiscoveryConfig = {
  pipeline: 'orders',
  kind: 'topics',
  pattern: 'orders-*',
  source: 'main',
  every: MINUTE,
  cap: 3,
  leftOut: [],
};

describe('what stands after a look', () => {
  test('is what was found, in order', () => {
    assert.deepEqual(afterLook(undefined, ['b', 'a'], 9), { values: ['a', 'b'], missed: [] });
  });

  test('keeps for one look what is not seen any more, and drops it at the second', () => {
    const once = afterLook({ values: ['a', 'b'], missed: [] }, ['b'], 9);
    assert.deepEqual(once, { values: ['a', 'b'], missed: ['a'] });
    assert.deepEqual(afterLook(once, ['b'], 9), { values: ['b'], missed: [] });
    assert.deepEqual(afterLook(once, ['a', 'b'], 9), { values: ['a', 'b'], missed: [] });
  });

  test('gives nobody the place of one that is watched, however many there are', () => {
    assert.deepEqual(afterLook({ values: ['m', 'z'], missed: [] }, ['a', 'b', 'm', 'z'], 3).values, ['a', 'm', 'z']);
  });
});

/** A discovery on a clock that is moved by hand, and a source that answers as it is told. */
function scene(store = openMemory()) {
  const clock = fakeClock();
  const said: string[] = [];
  let answer: readonly string[] | HeadgateError = [];
  let changes = 0;
  const discovery = createDiscovery({ store, clock, events: { failed: ({ error }) => void said.push(error.message) } });
  const ask = async () => {
    if (answer instanceof HeadgateError) throw answer;
    return answer;
  };
  return {
    discovery,
    said,
    store,
    answers: (next: readonly string[] | HeadgateError) => {
      answer = next;
    },
    prepare: (...list: DiscoveryConfig[]) => discovery.prepare(list, ask),
    watch: () => discovery.watch([TOPICS], ask, async () => void changes++),
    pass: () => clock.advance(MINUTE),
    known: () => discovery.known().get('orders'),
    changes: () => changes,
  };
}
const down = new HeadgateError('unreachable', 'nobody listens');

describe('discovery', () => {
  test('looks at the start, and again on its schedule', async () => {
    const { answers, prepare, watch, pass, known, changes } = scene();
    answers(['orders-a']);
    await prepare(TOPICS);
    assert.deepEqual(known(), ['orders-a']);
    watch();
    await pass();
    assert.equal(changes(), 0, 'the same again is no news');
    answers(['orders-a', 'orders-b']);
    await pass();
    assert.deepEqual([known(), changes()], [['orders-a', 'orders-b'], 1]);
    answers(['orders-b']);
    await pass();
    assert.equal(changes(), 1);
    await pass();
    assert.deepEqual([known(), changes()], [['orders-b'], 2]);
  });

  test('a source that does not answer takes no stage away, is told once, and until it answers', async () => {
    const { discovery, answers, prepare, watch, pass, known, said } = scene();
    answers(['orders-a']);
    await prepare(TOPICS);
    watch();
    answers(down);
    for (let k = 0; k < 5; k++) await pass();
    assert.deepEqual(known(), ['orders-a']);
    const trouble =
      'pipeline orders: topics of main could not be listed, the 1 that were found before stay watched: nobody listens';
    assert.deepEqual([said, discovery.troubles()], [[trouble], [trouble]]);
    answers(['orders-a']);
    await pass();
    assert.deepEqual(discovery.troubles(), []);
  });

  test('more than the cap is told, with what to do', async () => {
    const { discovery, answers, prepare, known } = scene();
    answers(['orders-a', 'orders-b', 'orders-c', 'orders-d', 'orders-e']);
    await prepare(TOPICS);
    assert.deepEqual(known(), ['orders-a', 'orders-b', 'orders-c']);
    assert.deepEqual(discovery.troubles(), [
      'pipeline orders: 5 topics of main fit orders-*, and cap is 3; 2 are not watched, raise for_each.cap or narrow the pattern',
    ]);
  });

  test('what was found outlives the process, for a start while the source is down', async () => {
    const before = scene();
    before.answers(['orders-a', 'orders-b']);
    await before.prepare(TOPICS);
    const after = scene(before.store);
    after.answers(down);
    await after.prepare(TOPICS);
    assert.deepEqual(after.known(), ['orders-a', 'orders-b']);
    const other = scene(before.store);
    other.answers(down);
    await other.prepare({ ...TOPICS, pattern: 'bills-*' });
    assert.equal(other.known(), undefined, 'another pattern means others');
  });

  test('after it was stopped nothing is asked, and nobody is told', async () => {
    const { discovery, answers, prepare, watch, pass, said, changes } = scene();
    await prepare(TOPICS);
    watch();
    await discovery.stop();
    answers(down);
    await pass();
    assert.deepEqual([said, changes()], [[], 0]);
  });
});
