import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Label } from '../../src/domain/label.ts';
import { MINUTE } from '../../src/domain/time.ts';
import { type Episode, tally } from '../../src/report/tally.ts';

const at = (from: number, to: number, ...stages: Episode['stages']): Episode => ({
  from: from * MINUTE,
  to: to * MINUTE,
  stages: stages.length > 0 ? stages : ['p.a'],
});
const label = (from: number, to: number, more: Partial<Label> = {}): Label => ({
  from: from * MINUTE,
  to: to * MINUTE,
  ...more,
});
const of = (labels: readonly Label[], episodes: readonly Episode[], more: Partial<Parameters<typeof tally>[0]> = {}) =>
  tally({ labels, episodes, mine: () => true, slack: 0, from: 0, weeks: 2, ...more });

describe('alerts against labels', () => {
  test('worked by hand: two of three found, three of four right', () => {
    // Labels at 10–20, 40–50, 90–95. Alerts: 12–30 (first, 2 late), 18–19 (same label), 45–46 (5 late), 60–70 (nothing there).
    const said = of([label(10, 20), label(40, 50), label(90, 95)], [at(12, 30), at(18, 19), at(45, 46), at(60, 70)]);
    assert.deepEqual(
      [said.recall, said.precision, said.medianDelay, said.worstDelay, said.falsePerWeek],
      [2 / 3, 3 / 4, 3.5 * MINUTE, 5 * MINUTE, 0.5],
    );
    assert.deepEqual(said.missed, [label(90, 95)]);
    assert.deepEqual(said.wrong, [at(60, 70)]);
  });

  test('an alert that stood before the label has no delay, and is right', () => {
    const said = of([label(10, 20)], [at(5, 12)]);
    assert.deepEqual([said.recall, said.medianDelay, said.precision], [1, 0, 1]);
  });

  test('slack lets an alert near a point belong to it', () => {
    const point = label(30, 30);
    assert.equal(of([point], [at(36, 40)]).recall, 0);
    assert.equal(of([point], [at(36, 40)], { slack: 6 * MINUTE }).recall, 1);
    assert.equal(of([point], [at(20, 24)], { slack: 6 * MINUTE }).recall, 1);
    assert.equal(of([point], [at(20, 23)], { slack: 6 * MINUTE }).recall, 0);
  });

  test('trouble travels: an alert below is right by a label above in its pipeline, and by none of another pipeline', () => {
    const above = label(10, 20, { stage: 'p.source' });
    assert.equal(of([above], [at(12, 14, 'p.sink')]).precision, 1);
    assert.equal(of([above], [at(12, 14, 'q.sink')]).precision, 0);
  });

  test('only labels of the subject count for recall, but all of them excuse an alert', () => {
    const said = of([label(10, 20, { stage: 'p.a' }), label(40, 50, { stage: 'p.b' })], [at(41, 42)], {
      mine: ({ stage }) => stage === 'p.a',
    });
    assert.deepEqual([said.labels.length, said.recall, said.precision], [1, 0, 1]);
  });

  test('labels that end before anything was learned are not counted', () => {
    const said = of([label(10, 20), label(40, 50)], [at(41, 42)], { from: 30 * MINUTE });
    assert.deepEqual([said.labels.length, said.recall], [1, 1]);
    assert.equal(of([label(10, 20)], [], { from: undefined }).labels.length, 0);
  });

  test('what cannot be said is left open and never 0', () => {
    const said = of([], [], { weeks: 0 });
    assert.deepEqual(
      [said.recall, said.precision, said.medianDelay, said.falsePerWeek],
      [undefined, undefined, undefined, undefined],
    );
  });
});
