import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { httpGate } from '../../src/actuators/http/index.ts';
import { asHeadgateError } from '../../src/domain/error.ts';
import type { Json } from '../../src/domain/json.ts';
import { isInForce, type Lease } from '../../src/domain/lease.ts';
import { type GateHands, workGate } from '../../src/engine/act.ts';
import { endLease, type GateWork, type LeaseStep, renewLease, stepLease } from '../../src/engine/lease.ts';
import { isApplied } from '../../src/engine/ledger.ts';
import type { Actuator } from '../../src/kit/component.ts';
import { leaseOf } from '../contracts/actuator.ts';
import { item, MONDAY } from '../stores/rows.ts';
import { eventsOf } from '../support/events.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { testValves } from '../support/valves.ts';
import { type GateServer, type Loss, serveGate } from './gate-server.ts';

// An endpoint keeps what it was set to. Whatever is lost on the way (answers, requests, the process, what the store was told),
// the daemon that comes next has to find its way back to what stood there before.

const never = new AbortController().signal;
const USUAL = 100;
const THEIRS = 77;

type Step =
  | { readonly kind: 'work'; readonly loss: Loss | undefined }
  | { readonly kind: 'adjust'; readonly rate: number }
  | { readonly kind: 'renew' | 'crash' | 'arrive' | 'store-fails' | 'store-works' | 'end' | 'person' };

const stepsWith = (losses: readonly Loss[]): fc.Arbitrary<Step[]> => {
  const work = fc.constantFrom(undefined, ...losses).map((loss): Step => ({ kind: 'work', loss }));
  const adjust = fc.constantFrom(10, 20, 30, 40).map((rate): Step => ({ kind: 'adjust', rate }));
  const others = (['renew', 'crash', 'crash', 'arrive', 'store-fails', 'store-works', 'end', 'person'] as const).map(
    (kind): Step => ({ kind }),
  );
  const steps = [
    { weight: 6, arbitrary: work },
    { weight: 4, arbitrary: adjust },
    { weight: 5, arbitrary: fc.constantFrom(...others) },
  ];
  return fc.array(fc.oneof(...steps), { minLength: 3, maxLength: 25 });
};

/** One lease on one gate. `kept` is what a crash leaves, and `owed` is tried until it is done. */
class Story {
  readonly server: GateServer;
  readonly #actuator: Actuator;
  #kept: Lease;
  #lease: Lease;
  #owed: GateWork['step'] | undefined = 'apply';
  #durable = true;

  constructor(server: GateServer) {
    this.server = server;
    const config = { url: server.url, read: { pointer: '/limit' }, body: { limit: '{value}' } };
    const { valves, clock } = testValves();
    this.#actuator = httpGate.create(httpGate.config.parse(config), { clock, random: () => 0.5, valves });
    this.#kept = this.#lease = leaseOf({ kind: 'throttle', rate: 32 }, { state: 'pending' });
    server.set({ limit: USUAL });
  }

  get gate(): Json {
    return (this.server.state() as { limit: Json }).limit;
  }

  get state(): Lease['state'] {
    return this.#lease.state;
  }

  #put({ lease, work }: LeaseStep): void {
    this.#lease = lease;
    this.#owed = work?.step ?? (isInForce(lease) ? this.#owed : undefined);
    if (this.#durable) this.#kept = lease;
  }

  async #work(loss: Loss | undefined): Promise<void> {
    const step = this.#owed;
    if (!step) return;
    this.#owed = undefined;
    this.server.lose(loss);
    const hands: GateHands = {
      clock: fakeClock(MONDAY),
      events: eventsOf({}),
      actuator: () => this.#actuator,
      reversibility: () => httpGate.reversibility,
      lease: () => this.#lease,
      report: async (report) => this.#put(stepLease(this.#lease, report, MONDAY)),
      isDurable: () => this.#durable,
    };
    await workGate(item('work', { body: { lease: this.#lease.id, step } }), hands, never).catch((thrown: unknown) => {
      if (asHeadgateError(thrown).retryable) this.#owed ??= step;
    });
    this.server.lose(undefined);
  }

  #end(): void {
    const step = endLease(this.#lease, 'expired', MONDAY);
    if (step) this.#put(step);
  }

  #heal(): void {
    this.#durable = true;
    this.#kept = this.#lease;
  }

  async live(step: Step): Promise<void> {
    const asks = this.#lease.state === 'applying' || this.#lease.state === 'active';
    switch (step.kind) {
      case 'work':
        return this.#work(step.loss);
      case 'adjust':
        return asks ? this.#put(renewLease(this.#lease, MONDAY, { kind: 'throttle', rate: step.rate })) : undefined;
      case 'renew':
        return asks ? this.#put(renewLease(this.#lease, MONDAY)) : undefined;
      case 'crash':
        this.#lease = this.#kept;
        this.#durable = true;
        this.#owed = isApplied(this.#lease) ? 'apply' : isInForce(this.#lease) ? 'revert' : undefined;
        return;
      case 'arrive':
        return this.server.arrive();
      case 'store-fails':
        this.#durable = false;
        return;
      case 'store-works':
        return this.#heal();
      case 'end':
        return this.#end();
      case 'person':
        return this.server.set({ limit: THEIRS });
    }
  }

  /** All works again, and the lease's time is up. */
  async settle(): Promise<void> {
    this.#heal();
    this.#end();
    for (let tries = 0; tries < 3; tries++) await this.#work(undefined);
    this.server.arrive();
    await this.#actuator.close();
  }
}

const cases: readonly (readonly [string, boolean, readonly Loss[]])[] = [
  ['without ETag', false, ['before', 'after']],
  ['with ETag, when moves arrive late as well', true, ['before', 'after', 'late']],
];
for (const [name, etags, losses] of cases) {
  test(`http: whatever is lost, the gate is where its owner wants it in the end, ${name}`, async (t: TestContext) => {
    const server = await serveGate(t, { limit: USUAL }, { etags, take: (_state, body) => body });
    let moves = 0;
    await fc.assert(
      fc.asyncProperty(stepsWith(losses), async (steps) => {
        const story = new Story(server);
        for (const step of steps) await story.live(step);
        if (story.gate !== USUAL) moves += 1;
        await story.settle();
        assert.equal(story.state, 'released');
        assert.equal(story.gate, steps.some(({ kind }) => kind === 'person') ? THEIRS : USUAL);
      }),
      { numRuns: 300, seed: 20261129 },
    );
    assert.ok(moves > 100, `the gate was away from where it stood in ${moves} stories`);
  });
}
