import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeReload, formatReload } from '../../src/config/reload.ts';
import { good, stage } from './fixture/load.ts';

const BASE = `sources: { main: { type: queue, host: h, password: "\${PASSWORD:-old}" } }
notifiers: { n: { type: bell, url: http://x/ } }
routes: [{ to: [n] }]
pipelines:
  p:
    stages:
      a: { probes: [{ source: main, topic: t }] }
      b: { after: [a], signals: { rows: { limits: { above: 5 } } }, detectors: { baseline: { window: 1h } } }
policies: { k: { keep: { stage: p.b, rows: 5 }, may: [{ actuator: valve, stage: p.a, kind: pause }] } }
`;
const base = good(BASE);
/** If this moves, every daemon forgets what it learned at its next start: say so in the release notes. */
const PINNED = '5232d2289bcae792';
const changed = (from: string, to: string, env: Readonly<Record<string, string>> = {}) => {
  assert.ok(BASE.includes(from), from);
  return good(BASE.replace(from, to), env);
};
const fingerprintAfter = (from: string, to: string, id = 'p.b') => stage(changed(from, to), id).fingerprint;

describe('the fingerprint of a stage', () => {
  test('is the same on every load, on every machine, and in any order of keys', () => {
    assert.equal(stage(good(BASE), 'p.b').fingerprint, stage(base, 'p.b').fingerprint);
    assert.equal(
      fingerprintAfter(
        'after: [a], signals: { rows: { limits: { above: 5 } } }, detectors: { baseline: { window: 1h } }',
        'detectors: { baseline: { window: 60m } }, signals: { rows: { limits: { above: 5 } } }, after: [a]',
      ),
      stage(base, 'p.b').fingerprint,
    );
    assert.match(stage(base, 'p.b').fingerprint, /^[0-9a-f]{16}$/);
    assert.equal(stage(base, 'p.a').fingerprint, PINNED);
  });

  test('does not move for what learning does not depend on', () => {
    const before = stage(base, 'p.b').fingerprint;
    assert.equal(fingerprintAfter('above: 5', 'above: 50'), before);
    assert.equal(fingerprintAfter('after: [a],', 'after: [a], budget: { pages: 9 per day },'), before);
    assert.equal(fingerprintAfter('after: [a],', ''), before);
    assert.equal(fingerprintAfter('window: 1h', 'window: 1h, sensitivity: 1'), before);
    assert.equal(fingerprintAfter('rows: { limits', 'lag_seconds: { limits: { above: 1m } }, rows: { limits'), before);
    const probe = stage(base, 'p.a').fingerprint;
    assert.equal(fingerprintAfter('host: h', 'host: elsewhere', 'p.a'), probe);
    assert.equal(fingerprintAfter(`password: "\${PASSWORD:-old}"`, 'password: new', 'p.a'), probe);
    assert.equal(fingerprintAfter('topic: t', 'topic: t, only: [lag_records, lag_seconds]', 'p.a'), probe);
  });

  test('moves for what was looked at, how often, and by whom', () => {
    const before = stage(base, 'p.b').fingerprint;
    for (const [from, to] of [
      ['window: 1h', 'window: 2h'],
      ['after: [a],', 'after: [a], every: 20s,'],
      ['after: [a],', 'after: [a], season: [1d],'],
      ['{ baseline: { window: 1h } }', '{ baseline: { window: 1h }, forest: {} }'],
      ['after: [a],', 'after: [a], derive: { growth: { rate: rows } },'],
      ['rows: { limits', 'rows: { direction: up, limits'],
    ] as const)
      assert.notEqual(fingerprintAfter(from, to), before, to);
    assert.notEqual(fingerprintAfter('topic: t', 'topic: u', 'p.a'), stage(base, 'p.a').fingerprint);
  });
});

describe('a reload', () => {
  test('of the same file changes nothing', () => {
    const reload = describeReload(base, good(BASE));
    assert.equal(formatReload(reload), 'nothing changed');
    assert.deepEqual(reload.stages.unchanged, ['p.a', 'p.b']);
    assert.deepEqual(reload.policies.unchanged, ['k']);
  });

  test('names stages that came, went and changed, and which of them learn anew', () => {
    const after = changed('      b: {', '      c: {}\n      b: { every: 20s, ');
    const reload = describeReload(base, after);
    assert.deepEqual(reload.stages, { added: ['p.c'], removed: [], changed: ['p.b'], unchanged: ['p.a'] });
    assert.deepEqual(reload.relearning, ['p.b']);
    assert.deepEqual(describeReload(after, base).stages.removed, ['p.c']);
    assert.equal(formatReload(reload), 'stages 1 added, 1 changed');
  });

  test('with another limit changes the stage and forgets nothing', () => {
    const reload = describeReload(base, changed('above: 5', 'above: 6'));
    assert.deepEqual(reload.stages.changed, ['p.b']);
    assert.deepEqual(reload.relearning, []);
  });

  test('with another secret changes the source', () => {
    const reload = describeReload(base, good(BASE, { PASSWORD: 'new' }));
    assert.deepEqual(reload.sources.changed, ['main']);
    assert.deepEqual(reload.stages.changed, []);
  });

  test('with another policy changes the policy alone', () => {
    const reload = describeReload(base, changed('kind: pause', 'kind: throttle, floor: 1/s'));
    assert.deepEqual(reload.policies.changed, ['k']);
    assert.equal(formatReload(reload), 'policies 1 changed');
  });

  test('says which sections want a restart', () => {
    const reload = describeReload(base, good(`server: { listen: "127.0.0.1:1" }\nstore: { memory: true }\n${BASE}`));
    assert.deepEqual(reload.needRestart, ['server', 'store']);
    assert.equal(formatReload(reload), 'server needs a restart; store needs a restart');
  });
});
