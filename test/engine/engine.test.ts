import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectorsFrom } from '../../src/app/world.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Outcome } from '../../src/engine/ledger.ts';
import { replay } from '../../src/engine/replay.ts';
import { registry } from '../../src/registry.ts';
import { gap, limitedSignal, planOf, policyPlan, snapshot, stagePlan } from '../support/plans.ts';

const START = Date.UTC(2026, 0, 5);
const EVERY = 10 * SECOND;

function engineOf(plan: Plan, sequence = 0): Engine {
  return new Engine({
    plan,
    detectors: detectorsFrom(registry, plan.holidays),
    reversibility: new Map([['valve', 'native-lease']]),
    inMaintenance: () => false,
    sequence,
  });
}

const orders = (policies = [policyPlan()]) =>
  planOf(
    [
      stagePlan('orders.ingest'),
      stagePlan('orders.enrich', { after: ['orders.ingest'] }),
      stagePlan('orders.load', { after: ['orders.enrich'] }),
    ],
    policies,
  );

const flow = (lag: number, into = 100, out = 100) => ({
  lag_seconds: lag,
  lag_records: lag * 100,
  in_records_per_second: into,
  out_records_per_second: out,
});

/** Feeds one tick of all three stages and answers with everything that followed. */
function tick(engine: Engine, at: number, lag: number, out = 100): readonly Outcome[] {
  return replay(
    engine,
    [
      snapshot('orders.ingest', at, flow(0)),
      snapshot('orders.enrich', at, flow(lag, 100, out)),
      snapshot('orders.load', at, flow(0, out, out)),
    ],
    at,
  );
}

test('the whole story: a broken keep opens an incident, the right gate is held, let go when it is kept again, and the incident resolves', () => {
  const engine = engineOf(orders());
  const story: string[] = [];
  for (let i = 0; i < 200; i++) {
    const lag = i < 100 ? 1 : i < 110 ? 20 * (i - 99) : Math.max(1, 200 - 12 * (i - 110));
    for (const outcome of tick(engine, START + i * EVERY, lag, i < 100 || lag === 1 ? 100 : i < 110 ? 50 : 120)) {
      for (const { incident, changes } of outcome.incidents)
        for (const change of changes) story.push(`${change.kind} ${incident.root} ${incident.cause}`);
      for (const decision of outcome.decisions)
        if (decision.kind !== 'renew' && decision.kind !== 'adjust')
          story.push(`${decision.kind} ${decision.reason} ${decision.stage}`);
      for (const lease of outcome.leases) if (lease.state === 'released') story.push(`${lease.state} ${lease.why}`);
    }
  }
  const told = story.filter(
    (line) => !line.startsWith('withhold') && !line.startsWith('affected') && !line.startsWith('cause'),
  );
  assert.deepEqual(
    told.filter((line) => line.startsWith('engage')),
    ['engage keep-at-risk orders.ingest'],
  );
  assert.ok(
    told.some((line) => line.startsWith('opened orders.enrich')),
    told.join('\n'),
  );
  assert.ok(told.includes('release recovered orders.ingest'), told.join('\n'));
  assert.ok(told.includes('released recovered'));
  assert.match(told.at(-1) ?? '', /^resolved orders\.enrich/);
  assert.equal(engine.leases().length, 0);
  assert.equal(engine.openIncidents().length, 0);
});

test('a gap is unknown: nothing is engaged from it, and a lease in force is held on for two lengths, then runs out', () => {
  const policy = policyPlan({ lease: MINUTE });
  const engine = engineOf(orders([policy]));
  let at = START;
  for (let i = 0; i < 8; i++, at += EVERY) tick(engine, at, 200, 50);
  assert.equal(engine.leases().length, 1);
  const blindFrom = at;
  const ended: number[] = [];
  for (let i = 0; i < 60; i++, at += EVERY)
    for (const outcome of replay(engine, [gap('orders.enrich', at, ['lag_seconds'])], at)) {
      assert.ok(!outcome.decisions.some((decision) => decision.kind === 'engage'), 'nothing is engaged while blind');
      for (const lease of outcome.leases)
        if (lease.state === 'released') ended.push(outcome.steps.length > 0 ? at : at);
    }
  assert.equal(engine.verdict('orders.enrich')?.state, 'unknown');
  assert.equal(engine.leases().length, 0);
  const heldFor = (ended[0] ?? Number.NaN) - blindFrom;
  assert.ok(heldFor >= MINUTE && heldFor <= 3 * MINUTE + EVERY, `held blind for ${heldFor} ms`);
});

test('in observe and dry-run a policy says what it would do and moves nothing', () => {
  for (const [mode, reason] of [
    ['observe', 'observe-only'],
    ['dry-run', 'dry-run'],
  ] as const) {
    const engine = engineOf(orders([policyPlan({ mode })]));
    const said = Array.from({ length: 12 }, (_, i) => tick(engine, START + i * EVERY, 200, 50))
      .flat()
      .flatMap((outcome) => outcome.decisions);
    assert.equal(said.filter((decision) => decision.reason === reason).length, 1, `${mode} says it once`);
    assert.match(said.find((decision) => decision.reason === reason)?.because ?? '', /^would throttle to \d+/);
    assert.equal(engine.leases().length, 0);
  }
});

test('of two policies that want one gate the stricter gets it, the other is told why not', () => {
  const mild = policyPlan({
    name: 'a-mild',
    fingerprint: 'a',
    may: [{ actuator: 'valve', stage: 'orders.ingest', kind: 'throttle', floor: 40, accept: [] }],
  });
  const strict = policyPlan({
    name: 'b-strict',
    fingerprint: 'b',
    may: [{ actuator: 'valve', stage: 'orders.ingest', kind: 'pause', accept: [] }],
  });
  const engine = engineOf(orders([mild, strict]));
  const said = Array.from({ length: 6 }, (_, i) => tick(engine, START + i * EVERY, 200, 50))
    .flat()
    .flatMap((outcome) => outcome.decisions);
  assert.deepEqual(
    said.filter((one) => one.kind === 'engage').map((one) => one.policy),
    ['b-strict'],
  );
  assert.ok(said.some((one) => one.policy === 'a-mild' && one.reason === 'target-held'));
  assert.equal(engine.leases().length, 1);
});

test('after a lease has ended its policy stays away from the gate for the cooldown', () => {
  const engine = engineOf(orders());
  const engaged: number[] = [];
  const released: number[] = [];
  for (let i = 0; i < 400; i++) {
    // Breaks and heals again and again, as a badly damped loop would.
    const lag = i % 20 < 10 ? 200 : 1;
    const at = START + i * EVERY;
    for (const outcome of tick(engine, at, lag, lag > 1 ? 50 : 100)) {
      if (outcome.decisions.some((one) => one.kind === 'engage')) engaged.push(at);
      if (outcome.leases.some((one) => one.state === 'released')) released.push(at);
    }
  }
  assert.ok(engaged.length >= 3);
  for (const at of engaged)
    for (const end of released) assert.ok(end > at || at - end >= 10 * MINUTE, 'engaged inside a cooldown');
});

test('a cooldown is no longer for a clock that is set back by an hour meanwhile', () => {
  const engine = engineOf(orders());
  let at = START;
  const see = (lag: number) => {
    at += EVERY;
    return tick(engine, at, lag, lag > 1 ? 50 : 100).flatMap(({ decisions }) => decisions.map(({ kind }) => kind));
  };
  const until = (kind: string, lag: number): number => {
    const from = at;
    while (!see(lag).includes(kind as 'engage')) assert.ok(at - from < HOUR, `no ${kind}`);
    return at - from;
  };
  until('engage', 200);
  until('release', 1);
  at -= HOUR;
  assert.ok(until('engage', 200) <= 11 * MINUTE);
});

test('trouble upstream within three intervals moves the root once; a later one downstream joins the incident', () => {
  const plan = planOf([
    stagePlan('p.a', { signals: new Map([limitedSignal('lag_seconds', 5)]) }),
    stagePlan('p.b', { after: ['p.a'], signals: new Map([limitedSignal('lag_seconds', 5)]) }),
    stagePlan('p.c', { after: ['p.b'], signals: new Map([limitedSignal('lag_seconds', 5)]) }),
  ]);
  const engine = engineOf(plan);
  const kinds: string[] = [];
  const feed = (at: number, a: number, b: number, c: number) => {
    const seen = (['a', 'b', 'c'] as const).map((name, i) =>
      snapshot(`p.${name}`, at, { lag_seconds: [a, b, c][i] as number }),
    );
    for (const { incident, changes } of engine.observe(seen, at).incidents)
      kinds.push(...changes.map((change) => `${change.kind}:${incident.root}`));
  };
  feed(START, 1, 9, 1);
  feed(START + EVERY, 9, 9, 1);
  feed(START + 20 * EVERY, 9, 9, 9);
  const roots = kinds.filter((kind) => /opened|root-moved|affected/.test(kind));
  assert.deepEqual(roots, ['opened:p.b', 'affected:p.a', 'root-moved:p.a', 'affected:p.a']);
  assert.equal(engine.openIncidents().length, 1);
  assert.deepEqual(engine.openIncidents()[0]?.affected, ['p.b', 'p.a', 'p.c']);
});

test('an incident that recovers is resolved in time though the clock is set back by an hour meanwhile', () => {
  const engine = engineOf(planOf([stagePlan('p.work', { signals: new Map([limitedSignal('lag_seconds', 60)]) })]));
  let at = START;
  const see = (lag: number): string | undefined => {
    at += EVERY;
    engine.observe([snapshot('p.work', at, { lag_seconds: lag })], at);
    return engine.openIncidents()[0]?.state;
  };
  assert.equal(see(200), 'open');
  while (see(1) !== 'recovering') assert.ok(at < START + HOUR);
  at -= HOUR;
  for (let tick = 0; tick < 10; tick++) see(1);
  assert.deepEqual(engine.openIncidents(), []);
});

test('stages of separate paths have separate incidents', () => {
  const limited = { signals: new Map([limitedSignal('lag_seconds', 5)]) };
  const plan = planOf([
    stagePlan('p.a'),
    stagePlan('p.b', { after: ['p.a'], ...limited }),
    stagePlan('p.c', { after: ['p.a'], ...limited }),
  ]);
  const engine = engineOf(plan);
  engine.observe(
    [
      snapshot('p.a', START, { rows: 1 }),
      snapshot('p.b', START, { lag_seconds: 9 }),
      snapshot('p.c', START, { lag_seconds: 9 }),
    ],
    START,
  );
  assert.deepEqual(
    engine
      .openIncidents()
      .map((incident) => incident.root)
      .sort(),
    ['p.b', 'p.c'],
  );
});

test('a gap above the root is said: the true root may be there', () => {
  const plan = planOf([
    stagePlan('p.a'),
    stagePlan('p.b', { after: ['p.a'], signals: new Map([limitedSignal('lag_seconds', 5)]) }),
  ]);
  const engine = engineOf(plan);
  engine.observe([gap('p.a', START, ['rows']), snapshot('p.b', START, { lag_seconds: 9 })], START);
  assert.equal(engine.openIncidents()[0]?.unknownAbove, 'p.a');
});

test('a stage nobody has heard of for three intervals is unknown, and its incident stays open', () => {
  const plan = planOf([stagePlan('p.a', { signals: new Map([limitedSignal('lag_seconds', 5)]) })]);
  const engine = engineOf(plan);
  engine.observe([snapshot('p.a', START, { lag_seconds: 9 })], START);
  const due = engine.deadline() ?? 0;
  assert.equal(due, START + 3 * EVERY + 1);
  engine.observe([], due);
  assert.equal(engine.verdict('p.a')?.state, 'unknown');
  assert.equal(engine.openIncidents().length, 1);
});

test('after a restart what expired is reverted, and each stage gets one blind tick before a policy may engage', () => {
  const first = engineOf(orders());
  for (let i = 0; i < 6; i++) tick(first, START + i * EVERY, 200, 50);
  const [lease] = first.leases();
  assert.ok(lease);
  const late = START + 60 * MINUTE;
  const second = engineOf(orders(), first.sequence);
  const outcome = second.resume(first.openIncidents(), first.leases(), [], late);
  assert.deepEqual(outcome.work, [{ lease: lease.id, step: 'revert' }]);
  assert.equal(second.lease(lease.id)?.why, 'expired');
  second.report({ lease: lease.id, kind: 'reverted' }, late);
  const blind = second.observe([snapshot('orders.enrich', late, flow(200, 100, 50))], late);
  assert.deepEqual(blind.decisions, []);
});

test('a reload keeps what unchanged stages have learned and ends the leases of changed policies', () => {
  const engine = engineOf(orders());
  for (let i = 0; i < 6; i++) tick(engine, START + i * EVERY, 200, 50);
  const line = engine.line('orders.load');
  const changed = orders([policyPlan({ fingerprint: 'keep-enrich 2', cooldown: MINUTE })]);
  const outcome = engine.reload(changed, START + MINUTE);
  assert.equal(engine.line('orders.load'), line);
  assert.deepEqual(
    outcome.decisions.map((one) => one.reason),
    ['policy-changed'],
  );
  const moved = planOf([
    stagePlan('orders.ingest'),
    stagePlan('orders.enrich', { after: ['orders.ingest'], fingerprint: 'other' }),
  ]);
  engine.reload(moved, START + 2 * MINUTE);
  assert.notEqual(engine.line('orders.enrich'), undefined);
  assert.equal(engine.line('orders.load'), undefined);
});

test('a limit that is changed holds from the next sample on, and nothing that was learned is lost', () => {
  const withLimit = (above: number) =>
    planOf([stagePlan('p.a', { signals: new Map([limitedSignal('lag_seconds', above)]) })]);
  const engine = engineOf(withLimit(50));
  for (let i = 0; i < 60; i++)
    engine.observe([snapshot('p.a', START + i * EVERY, { lag_seconds: 10 + (i % 3) })], START + i * EVERY);
  engine.reload(withLimit(5), START + 60 * EVERY);
  const [step] = engine.observe([snapshot('p.a', START + 60 * EVERY, { lag_seconds: 11 })], START + 60 * EVERY).steps;
  assert.equal(step?.verdict.state, 'critical');
  assert.ok(
    step?.scores.some((score) => score.state === 'ready'),
    'still ready',
  );
});

test('two engines fed alike answer alike, byte for byte', () => {
  const run = () => {
    const engine = engineOf(orders());
    return JSON.stringify(
      Array.from({ length: 80 }, (_, i) => tick(engine, START + i * EVERY, i > 50 ? 3 * (i - 50) : 1 + (i % 3), 90)),
    );
  };
  assert.equal(run(), run());
});
