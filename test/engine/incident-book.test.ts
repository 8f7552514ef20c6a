import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Incident } from '../../src/domain/incident.ts';
import { graphOf, type StageId } from '../../src/domain/stage.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { stepIncidents } from '../../src/engine/incident.ts';
import { IncidentBook } from '../../src/engine/incident-book.ts';
import { planOf, stagePlan } from '../support/plans.ts';

const NOW = Date.UTC(2026, 0, 5);

const incident = (id: string, affected: readonly StageId[], more: Partial<Incident> = {}): Incident => ({
  id,
  pipeline: 'p',
  root: affected[0] as StageId,
  affected,
  severity: 'critical',
  cause: 'unknown',
  state: 'open',
  openedAt: NOW,
  because: [],
  rootMoved: false,
  notes: [],
  ...more,
});

const ids = (incidents: readonly Incident[]): readonly string[] => incidents.map(({ id }) => id);

test('incidents are found by every stage they affect, oldest first, until they are over', () => {
  const book = new IncidentBook();
  book.put(incident('10', ['p.a', 'p.b']));
  book.put(incident('9', ['p.b']));
  book.put(incident('3', ['p.b'], { openedAt: NOW + 1 }));
  assert.deepEqual(ids(book.on('p.b')), ['9', '10', '3'], 'by age, then by number');
  assert.deepEqual(ids(book.on('p.a')), ['10']);
  book.put(incident('9', ['p.b', 'p.c'], { state: 'recovering' }));
  assert.deepEqual([ids(book.on('p.c')), ids(book.recovering())], [['9'], ['9']], 'a stage that joined later counts');
  book.put(incident('9', ['p.b', 'p.c']));
  assert.deepEqual(ids(book.recovering()), [], 'a relapse is no recovery');
  book.remove(incident('9', ['p.b', 'p.c']));
  book.remove(incident('10', ['p.a', 'p.b']));
  assert.deepEqual([ids(book.all()), book.isOn('p.a'), book.isOn('p.c')], [['3'], false, false]);
});

test('a step looks at what it touches, however much is open', () => {
  const stages = Array.from({ length: 3_000 }, (_, index): StageId => `p.s${index}`);
  const plan = planOf(stages.map((id) => stagePlan(id)));
  const graph = graphOf(new Map(stages.map((id) => [id, []])));
  const troubled = (stage: StageId): Verdict => ({
    stage,
    at: NOW,
    state: 'critical',
    since: NOW,
    because: [],
    warming: [],
    blind: [],
  });
  let looked = 0;
  class Watched extends Map<StageId, Verdict> {
    override get(id: StageId): Verdict | undefined {
      looked += 1;
      return super.get(id);
    }
  }
  const verdicts = new Watched(stages.map((id) => [id, troubled(id)]));
  const book = new IncidentBook();
  for (const [index, id] of stages.slice(1).entries()) book.put(incident(String(index), [id]));
  const steps = stepIncidents(book, {
    plan: { ...plan, graph },
    stages: new Map(),
    verdicts,
    touched: ['p.s0', 'p.s7'],
    all: false,
    isLeased: () => false,
    accepted: new Set(),
    now: NOW,
    nextId: () => '9999',
  });
  assert.deepEqual(ids(steps.map((step) => step.incident)).toSorted(), ['6', '9999']);
  assert.ok(looked < 12, `${looked} verdicts were looked at`);
});
