import type { GateRequest, Lease } from '../domain/lease.ts';
import type { OptionPlan } from '../domain/plan.ts';
import type { StageId } from '../domain/stage.ts';
import { MINUTE } from '../domain/time.ts';
import type { Estimate } from './estimate.ts';
import { type DecideView, optionOf, type PolicyMemory, type Scene } from './policy-scene.ts';
import { isGrowing, scaleFor } from './request.ts';

/** Scaling back waits longer than scaling out, since workers that come and go cost rebalances. */
const SCALE_CALM = 10 * MINUTE;
/** What a worker gets done is taken to be so for this long after it was seen. */
const KNOWN_FOR = 60 * MINUTE;
/** Whoever was sent away in vain within this time is sent away again after twice as long. */
const TRIES_FOR = 24 * 60 * MINUTE;
const ABOUT_USUAL = 1.1;
/** Fewer than this share are not worth the rebalance. */
const WORTH_LEAVING = 0.2;

/**
 * All who came may leave: all is calm, and fewer would do as far as is known, or it is worth a try. A try is noted in the scene's memory.
 */
export function mayLeave(option: OptionPlan, { policy, memory, view }: Scene): boolean {
  if (view.now - memory.calmSince < SCALE_CALM) return false;
  if (scaleFor(option, policy, view, option.min ?? 1) === undefined) return true;
  if (!isWorthATry(option.stage, view, memory)) return false;
  memory.tries = view.now - memory.triedAt < TRIES_FOR ? memory.tries + 1 : 1;
  memory.triedAt = view.now;
  return true;
}

/**
 * What comes is about what has always come, and it is not known that the workers of then would not do now: nobody had all they could
 * do for long. Without a try, workers that came for a fault would stay for ever.
 */
function isWorthATry(stage: StageId, view: DecideView, { tries, triedAt }: PolicyMemory): boolean {
  const { recentIn, usualIn, busyAt } = view.estimate(stage);
  if (recentIn === undefined || usualIn === undefined || recentIn > ABOUT_USUAL * usualIn) return false;
  const known = view.now - triedAt < TRIES_FOR ? KNOWN_FOR * 2 ** tries : KNOWN_FOR;
  return busyAt === undefined ? triedAt === 0 || view.now - triedAt >= known : view.now - busyAt >= known;
}

/** Another number of workers than the lease asks for, while it is in force; `undefined` where it is right. */
export const resized = (lease: Lease, scene: Scene): GateRequest | undefined =>
  grow(lease, scene) ?? shrink(lease, scene);

/** After workers have come it takes so many samples until it is known what they get done. */
const SETTLED_SAMPLES = 8;

/** More is done than comes, so what waits will be done. */
const isDraining = ({ recentIn, recentOut }: Estimate): boolean => (recentOut ?? 0) > (recentIn ?? 0);

/**
 * The number of workers grows further where what arrives is all but sure to grow, or where those there are fall further behind; never
 * faster than workers come.
 */
function grow(lease: Lease, { policy, view, memory, state }: Scene): GateRequest | undefined {
  const option = optionOf(lease, policy);
  if (option?.startup === undefined || lease.request.kind !== 'scale' || !(state.broken || state.atRisk))
    return undefined;
  const settled = option.startup + SETTLED_SAMPLES * view.every(lease.stage);
  if (view.now - Math.max(memory.adjustedAt, lease.grantedAt) < settled) return undefined;
  const fallsBehind = memory.broken >= policy.confirm && !isDraining(view.estimate(lease.stage));
  if (!isGrowing(option, view) && !fallsBehind) return undefined;
  return scaleFor(option, policy, view, lease.request.replicas);
}

/** What was needed to drain is more than what is needed to keep up: those too many leave once all has been calm for a while. */
function shrink(lease: Lease, { policy, view, memory }: Scene): GateRequest | undefined {
  const option = optionOf(lease, policy);
  if (!option || lease.request.kind !== 'scale' || memory.calm < policy.confirm) return undefined;
  if (view.now - Math.max(memory.adjustedAt, memory.calmSince) < SCALE_CALM) return undefined;
  if (isGrowing(option, view)) return undefined;
  const enough = scaleFor(option, policy, view, option.min ?? 1);
  return enough?.kind === 'scale' && enough.replicas <= (1 - WORTH_LEAVING) * lease.request.replicas
    ? enough
    : undefined;
}
