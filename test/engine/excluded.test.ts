import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detectorsFrom } from '../../src/app/world.ts';
import type { ExcludedRange } from '../../src/domain/excluded.ts';
import type { StagePlan } from '../../src/domain/plan.ts';
import { HOUR, MINUTE } from '../../src/domain/time.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { Engine } from '../../src/engine/engine.ts';
import { defaultSignalPlan } from '../../src/engine/plan.ts';
import { replay } from '../../src/engine/replay.ts';
import { registry } from '../../src/registry.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { limitedSignal, planOf, policyPlan, snapshot, stagePlan } from '../support/plans.ts';

const START = Date.UTC(2026, 0, 5);
const ID = 'p.in';
/** A day is learned, then six hours of a load test come. */
const TEST: ExcludedRange = { from: START + 24 * HOUR, to: START + 30 * HOUR, why: 'load test' };
const everything = registry.detectors
  .filter(({ type }) =>
    ['limits', 'baseline', 'forecast', 'multivariate', 'isolation-forest', 'change-point'].includes(type),
  )
  .map(({ type, config }) => ({ type, config: config.parse({}) }));

function engineOf(more: Partial<StagePlan>, policies: Parameters<typeof planOf>[1] = []): Engine {
  return new Engine({
    plan: planOf([stagePlan(ID, { every: MINUTE, season: [], detectors: everything, ...more })], policies),
    detectors: detectorsFrom(registry, []),
    reversibility: new Map([['valve', 'native-lease']]),
    inMaintenance: () => false,
    sequence: 0,
  });
}

/** Noise around 100 and 5, the first of it times `fault`; answers with every verdict from `from` on. */
function feed(engine: Engine, from: number, to: number, fault: (at: number) => number = () => 1): readonly Verdict[] {
  const verdicts: Verdict[] = [];
  for (let at = from; at < to; at += MINUTE) {
    const random = seededRandom(at / MINUTE);
    const values = {
      in_records_per_second: fault(at) * (95 + 10 * random()),
      latency_p99_seconds: 0.45 + 0.1 * random(),
      rows: 5 + random(),
    };
    replay(engine, [snapshot(ID, at, values)], at);
    verdicts.push(engine.verdict(ID) as Verdict);
  }
  return verdicts;
}

const during = (at: number): number => (at >= TEST.from && at < TEST.to ? 3 : 1);
const states = (verdicts: readonly Verdict[]): readonly string[] => [...new Set(verdicts.map(({ state }) => state))];

describe('a time that is excluded', () => {
  test('would have opened an incident, were it not excluded', () => {
    const engine = engineOf({});
    feed(engine, START, TEST.from);
    assert.ok(states(feed(engine, TEST.from, TEST.to, during)).includes('critical'));
  });

  test('is scored, told with its reason, and opens nothing', () => {
    const engine = engineOf({ excluded: [TEST] });
    feed(engine, START, TEST.from);
    const verdicts = feed(engine, TEST.from, TEST.to, during);
    assert.deepEqual(states(verdicts), ['ok']);
    assert.ok(verdicts.every(({ excluded }) => excluded?.[0]?.why === 'load test'));
    assert.ok(verdicts.every(({ because }) => because.length === 0));
    assert.ok(
      (engine.line(ID)?.last?.scores ?? []).some(({ value }) => value >= 1),
      'scores are what they are',
    );
    assert.equal(engine.isFrozen(ID), true);
    assert.deepEqual(engine.openIncidents(), []);
    const [after] = feed(engine, TEST.to, TEST.to + MINUTE);
    assert.equal(after?.excluded, undefined);
    assert.equal(engine.isFrozen(ID), false);
  });

  test('is not learned: the same trouble a day later is found at once, as if nobody had ever seen it', () => {
    const again = (at: number): number => (at >= TEST.from + 24 * HOUR ? 3 : during(at));
    const found = [engineOf({ excluded: [TEST] }), engineOf({})].map((engine, index) => {
      feed(engine, START, TEST.from);
      feed(engine, TEST.from, TEST.from + 24 * HOUR, index === 0 ? during : () => 1);
      const verdicts = feed(engine, TEST.from + 24 * HOUR, TEST.from + 25 * HOUR, again);
      return verdicts.findIndex(({ state }) => state === 'critical');
    });
    // The one has learned six hours less than the other.
    for (const samples of found) assert.ok(samples >= 0 && samples <= 2, `${found}`);
  });

  test('leaves the expected band where it was', () => {
    const bandOf = (engine: Engine) =>
      (engine.line(ID)?.last?.scores ?? []).flatMap((score) =>
        score.state === 'ready' && score.expected && score.detector === 'baseline' ? [score.expected.upper] : [],
      );
    const engine = engineOf({ excluded: [TEST] });
    feed(engine, START, TEST.from);
    const before = bandOf(engine);
    feed(engine, TEST.from, TEST.to, during);
    feed(engine, TEST.to, TEST.to + 2 * HOUR);
    for (const [index, upper] of bandOf(engine).entries())
      assert.ok(Math.abs(upper / (before[index] as number) - 1) < 0.15, `${before[index]} became ${upper}`);
  });

  test('leaves limits and what policies keep in force', () => {
    const engine = engineOf({ excluded: [TEST], signals: new Map([limitedSignal('in_records_per_second', 200)]) }, [
      policyPlan({ keep: { stage: ID, signal: 'rows', below: 50 }, may: [] }),
    ]);
    feed(engine, START, TEST.from);
    assert.deepEqual(states(feed(engine, TEST.from, TEST.to, during)), ['critical']);
    assert.equal(engine.openIncidents().length, 1);
  });

  test('closes what was open, as soon as somebody says that it was to be expected', () => {
    const engine = engineOf({ excluded: [{ ...TEST, from: TEST.from + HOUR }] });
    feed(engine, START, TEST.from);
    assert.ok(states(feed(engine, TEST.from, TEST.from + HOUR, during)).includes('critical'));
    const verdicts = feed(engine, TEST.from + HOUR, TEST.to, during);
    assert.equal(verdicts.at(-1)?.state, 'ok');
    assert.equal(verdicts[30]?.state, 'ok', 'half an hour is enough to close it');
  });

  test('of one signal silences that signal and what is said of all together, and nothing else', () => {
    const signals = new Map([
      ['in_records_per_second', { ...defaultSignalPlan('in_records_per_second'), excluded: [TEST] }],
    ]);
    const engine = engineOf({ signals });
    feed(engine, START, TEST.from);
    const verdicts = feed(engine, TEST.from, TEST.to, during);
    assert.deepEqual(states(verdicts), ['ok']);
    assert.equal(verdicts[0]?.excluded?.[0]?.signal, 'in_records_per_second');
    assert.equal(engine.isFrozen(ID), false, 'the other signals go on learning');

    const other = engineOf({ signals: new Map([['rows', { ...defaultSignalPlan('rows'), excluded: [TEST] }]]) });
    feed(other, START, TEST.from);
    assert.ok(states(feed(other, TEST.from, TEST.to, during)).includes('critical'));
  });

  test('can be added and taken away by a reload without forgetting anything', () => {
    const engine = engineOf({});
    feed(engine, START, TEST.from);
    const plain = engine.plan;
    const [stage] = plain.pipelines[0]?.stages ?? [];
    const learned = engine.line(ID)?.save();
    const planned = planOf([{ ...(stage as StagePlan), excluded: [TEST] }]);
    engine.reload(planned, TEST.from);
    assert.deepEqual(engine.line(ID)?.save(), learned);
    assert.deepEqual(states(feed(engine, TEST.from, TEST.to, during)), ['ok']);
  });
});
