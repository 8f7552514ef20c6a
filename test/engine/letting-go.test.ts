import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { detectorsFrom } from '../../src/app/world.ts';
import { HeadgateError } from '../../src/domain/error.ts';
import { isInForce, type Lease } from '../../src/domain/lease.ts';
import { MINUTE, SECOND } from '../../src/domain/time.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Outcome } from '../../src/engine/ledger.ts';
import { registry } from '../../src/registry.ts';
import { gap, planOf, policyPlan, snapshot, stagePlan } from '../support/plans.ts';

const EVERY = 10 * SECOND;
const LEASE = MINUTE;
const COOLDOWN = 5 * MINUTE;

const plan = planOf(
  [stagePlan('orders.ingest'), stagePlan('orders.enrich', { after: ['orders.ingest'] })],
  [policyPlan({ lease: LEASE, cooldown: COOLDOWN, maxRenewals: 30 })],
);
const newEngine = (sequence: number) =>
  new Engine({
    plan,
    detectors: detectorsFrom(registry, []),
    reversibility: new Map([['valve', 'native-lease']]),
    inMaintenance: () => false,
    sequence,
  });

/** What may happen between two ticks. */
const weather = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('lag' as const), lag: fc.constantFrom(1, 20, 45, 80, 200, 900) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('gap' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), away: fc.integer({ min: 1, max: 900 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('jump' as const), by: fc.integer({ min: -3600, max: 3600 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('override' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('by-hand' as const) }) },
);
type Weather = typeof weather extends fc.Arbitrary<infer W> ? W : never;

/**
 * A world with one gate: it does what it is asked unless a person has moved it or it refuses. Everything the engine commits is
 * kept, and a crash leaves only that.
 */
class World {
  engine = newEngine(0);
  now = Date.UTC(2026, 0, 5);
  gate: 'open' | 'held' | 'by-a-person' = 'open';
  refusing = false;
  readonly kept = new Map<string, Lease>();
  readonly events: { at: number; what: 'engaged' | 'ended'; why: string | undefined }[] = [];
  incidents = this.engine.openIncidents();

  take(outcome: Outcome): void {
    for (const decision of outcome.decisions)
      if (decision.kind === 'engage') {
        const verdict = this.engine.verdict('orders.enrich');
        assert.equal(verdict?.state, 'critical', 'engaged only from a verdict that is known and critical');
        this.events.push({ at: this.now, what: 'engaged', why: decision.reason });
      }
    for (const lease of outcome.leases) {
      const before = this.kept.get(lease.id);
      this.kept.set(lease.id, lease);
      if (lease.state === 'released' && before?.state !== 'released')
        this.events.push({ at: this.now, what: 'ended', why: lease.why });
    }
    this.incidents = this.engine.openIncidents();
    for (const work of outcome.work) this.work(work.lease, work.step);
  }

  work(lease: string, step: 'apply' | 'revert'): void {
    const error = new HeadgateError('rejected', 'no');
    if (step === 'apply') {
      if (this.engine.lease(lease)?.preImage === undefined)
        this.take(this.engine.report({ lease, kind: 'captured', preImage: 'open' }, this.now));
      if (this.refusing) {
        this.take(this.engine.report({ lease, kind: 'refused', error }, this.now));
        return;
      }
      if (this.gate !== 'by-a-person') this.gate = 'held';
      this.take(this.engine.report({ lease, kind: 'applied', left: 'held' }, this.now));
      return;
    }
    const overridden = this.gate === 'by-a-person';
    if (!overridden) this.gate = 'open';
    this.take(this.engine.report({ lease, kind: overridden ? 'overridden' : 'reverted' }, this.now));
  }

  crash(away: number): void {
    this.now += away * SECOND;
    const leases = [...this.kept.values()];
    this.engine = newEngine(this.engine.sequence);
    this.take(
      this.engine.resume(
        this.incidents,
        leases.filter(isInForce),
        leases.filter((lease) => lease.state === 'released'),
        this.now,
      ),
    );
  }

  live(weather: Weather): void {
    this.now += EVERY;
    if (weather.kind === 'crash') {
      this.crash(weather.away);
      return;
    }
    if (weather.kind === 'jump') this.now += weather.by * SECOND;
    if (weather.kind === 'override' && this.gate === 'held') this.gate = 'by-a-person';
    this.refusing = weather.kind === 'refuse';
    if (weather.kind === 'by-hand') {
      this.take(this.engine.release(() => true, 'by-hand', 'test', this.now));
      return;
    }
    const lag = weather.kind === 'lag' ? weather.lag : 200;
    const enrich =
      weather.kind === 'gap'
        ? gap('orders.enrich', this.now, ['lag_seconds'])
        : snapshot('orders.enrich', this.now, {
            lag_seconds: lag,
            lag_records: 50 * lag,
            in_records_per_second: 100,
            out_records_per_second: lag > 60 ? 50 : 100,
          });
    const ingest = snapshot('orders.ingest', this.now, { in_records_per_second: 100, out_records_per_second: 100 });
    this.take(this.engine.observe([ingest, enrich], this.now));
  }
}

test('whatever happens, in the end every gate is open, no lease is in force, and no policy flapped inside its cooldown', () => {
  let engaged = 0;
  fc.assert(
    fc.property(fc.array(weather, { minLength: 20, maxLength: 120 }), (days) => {
      const world = new World();
      for (let i = 0; i < 5; i++) world.live({ kind: 'lag', lag: 1 });
      for (const day of days) world.live(day);
      // The source dies for good: nobody knows anything any more, and still everything is let go.
      for (let i = 0; i < 60; i++) world.live({ kind: 'gap' });
      assert.deepEqual(world.engine.leases(), []);
      assert.notEqual(world.gate, 'held');
      assert.ok([...world.kept.values()].every((lease) => !isInForce(lease)));
      const jumped = days.some((day) => day.kind === 'jump');
      let lastEnd = Number.NEGATIVE_INFINITY;
      for (const event of world.events) {
        if (event.what === 'ended' && event.why !== 'policy-changed') lastEnd = event.at;
        else if (event.what === 'engaged') {
          engaged++;
          assert.ok(
            jumped || event.at - lastEnd >= COOLDOWN,
            `engaged ${event.at - lastEnd} ms after the end of a lease`,
          );
        }
      }
    }),
    { numRuns: 500, seed: 20260105 },
  );
  assert.ok(engaged > 300, `the weather was bad enough to engage: ${engaged} times`);
});

test('nothing is engaged while the kept stage is warming or blind, however strange the other signals are', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 25 }), (values) => {
      const engine = newEngine(0);
      values.forEach((value, i) => {
        const now = Date.UTC(2026, 0, 5) + i * EVERY;
        const outcome = engine.observe([snapshot('orders.enrich', now, { out_records_per_second: value })], now);
        assert.ok(outcome.decisions.every((decision) => decision.kind !== 'engage'));
      });
    }),
    { numRuns: 100 },
  );
});
