import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cause } from '../../src/domain/cause.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { named, presentCause } from '../../src/engine/naming.ts';

const incident = (cause: Cause): Incident => ({
  id: '1',
  pipeline: 'orders',
  root: 'orders.enrich',
  affected: ['orders.enrich'],
  severity: 'critical',
  cause,
  state: 'open',
  openedAt: 0,
  because: [],
  rootMoved: false,
  notes: [],
});
const find = (cause: Cause, more: object = {}) => ({ cause, atRoot: true, ours: false, age: 5, young: true, ...more });

test('a name that says more takes the place of one that says less, and never the other way', () => {
  assert.equal(named(incident('backlog'), find('slow')).cause, 'slow');
  assert.equal(named(incident('hot'), find('poison')).cause, 'poison');
  for (const later of ['backlog', 'surge', 'slow', 'hot'] as const)
    assert.equal(named(incident('stopped'), find(later)).cause, 'stopped');
  assert.equal(named(incident('slow'), find('surge')).cause, 'slow');
});

test('names that say little wait for a few samples, in which a better one may show', () => {
  assert.equal(named(incident('unknown'), find('slow', { age: 1 })).cause, 'unknown');
  assert.equal(named(incident('unknown'), find('slow', { age: 2 })).cause, 'slow');
  assert.equal(named(incident('unknown'), find('poison', { age: 0 })).cause, 'poison');
  assert.equal(named(incident('unknown'), find('backlog', { age: 3 })).cause, 'unknown');
  assert.equal(named(incident('unknown'), find('backlog', { age: 4 })).cause, 'backlog');
});

test('an old incident keeps its name, unless it says next to nothing', () => {
  assert.equal(named(incident('slow'), find('poison', { young: false })).cause, 'slow');
  assert.equal(named(incident('backlog'), find('poison', { young: false })).cause, 'poison');
});

test('what only another stage shows names nothing', () => {
  assert.equal(named(incident('unknown'), find('stopped', { atRoot: false })).cause, 'unknown');
});

test('what our own gate does to the stage is no better name, and nothing that is left', () => {
  assert.equal(named(incident('slow'), find('stopped', { ours: true })).cause, 'slow');
  assert.equal(named(incident('slow'), find('downstream', { ours: true })).cause, 'downstream');
  assert.equal(presentCause(named(incident('stopped'), find('source-outage', { ours: true }))), 'stopped');
});

test('when the cause is over, gates are judged by what is left; the name stays', () => {
  const late = { young: false };
  const over = named(incident('stopped'), find('backlog', late));
  assert.deepEqual([over.cause, presentCause(over)], ['stopped', 'backlog']);
  const again = named(over, find('stopped', late));
  assert.deepEqual([again.cause, presentCause(again)], ['stopped', 'backlog'], 'no gate is moved to and fro');
  assert.equal(presentCause(named(incident('downstream'), find('backlog', late))), 'downstream', 'it may come back');
});
