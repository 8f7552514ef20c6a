import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';
import type { GateRequest, Lease } from '../../domain/lease.ts';
import type { ValveRequest, ValveState } from '../../domain/views.ts';
import { requestWords } from '../../domain/wording.ts';
import { type Actuator, type ActuatorContext, defineActuator, type Target } from '../../kit/component.ts';

export const ValveConfig = z.strictObject({});

export const valve = defineActuator({
  type: 'valve',
  stability: 'stable',
  summary: 'Throttles or pauses a stage that asks the daemon what it may let through.',
  description: `Moves the gate that the daemon itself serves at \`GET /api/v1/valves/{pipeline.stage}\`. The stage asks for it
by long poll and obeys. Every hold carries the time at which it ends, so a stage keeps to it by its own clock and opens when
that time has passed, also when the daemon is gone: nothing is left held.

It is the wrong choice where the stage cannot be changed to ask; use \`http\` then, or an actuator of the system in between.
It costs nothing but the open request of each stage that waits.`,
  config: ValveConfig,
  examples: [
    {
      title: 'Slow the intake down while the next stage is behind',
      yaml: `policies:
  keep-enrich:
    mode: enforce
    keep: { stage: orders.enrich, lag_seconds: 2m }
    may: [{ actuator: valve, stage: orders.ingest, kind: throttle, floor: 20/s }]
    lease: 2m
    cooldown: 10m`,
    },
  ],
  reversibility: 'native-lease',
  kinds: ['throttle', 'pause'],
  create: (_config, context) => createValve(context),
});

function createValve({ valves }: ActuatorContext): Actuator {
  const asLeft = (now: ValveState, lease: Lease): boolean =>
    now.lease === lease.id && sameFlow(now, flowOf(valveRequest(lease.request)));
  return {
    capture: async ({ stage }, abort) => {
      unlessAborted(abort, stage);
      return { ...flowOf(valves.get(stage)), lease: valves.get(stage).lease ?? null };
    },
    plan: ({ stage }: Target, request: GateRequest) => `${stage} would be ${requestWords(request)} through its valve`,
    apply: async (lease, abort) => {
      unlessAborted(abort, lease.stage);
      const { lease: holder } = valves.get(lease.stage);
      if (holder !== undefined && holder !== lease.id) {
        throw new HeadgateError(
          'conflict',
          `valve of ${lease.stage} is held by lease ${holder}; release that one first`,
        );
      }
      const held = valves.hold(lease.stage, valveRequest(lease.request), {
        lease: lease.id,
        until: lease.expiresAt,
        reason: lease.because,
        ...(lease.request.kind === 'throttle' && lease.request.usual !== undefined
          ? { usual: lease.request.usual }
          : {}),
      });
      return flowOf(held);
    },
    verify: async (lease, abort) => {
      unlessAborted(abort, lease.stage);
      return asLeft(valves.get(lease.stage), lease) ? 'as-left' : 'changed';
    },
    revert: async (lease, abort) => {
      unlessAborted(abort, lease.stage);
      if (valves.open(lease.stage, lease.id)) return 'reverted';
      // A gate that has opened by itself, at the end of the hold or by a restart, is where it was before.
      return valves.get(lease.stage).state === 'open' ? 'reverted' : 'overridden';
    },
    close: async () => {},
  };
}

/** What a gate lets through; the part of its state that is worth remembering and comparing. */
type Flow = { readonly state: ValveState['state']; readonly rate: number | null };

function flowOf(from: ValveState | ValveRequest): Flow {
  if ('state' in from) return { state: from.state, rate: from.rate ?? null };
  return from.kind === 'pause' ? { state: 'paused', rate: null } : { state: 'throttled', rate: from.rate };
}

const sameFlow = (now: ValveState, then: Flow): boolean => now.state === then.state && (now.rate ?? null) === then.rate;

function valveRequest(request: GateRequest): ValveRequest {
  if (request.kind !== 'scale') return request;
  throw new HeadgateError('unsupported', 'a valve cannot scale; use kind throttle or pause, or another actuator');
}

function unlessAborted(abort: AbortSignal, stage: string): void {
  if (abort.aborted) throw new HeadgateError('aborted', `valve of ${stage}: given up before it was moved`);
}
