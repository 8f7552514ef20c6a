import type { DurationMs } from '../domain/time.ts';

export interface ThrottleView {
  /** What the stage to be kept gets done, records per second. */
  readonly capacity: number;
  /** Records that wait in front of it. */
  readonly backlog: number;
  /** What the throttled stage lets through now, records per second; `undefined` where unknown. */
  readonly flow: number | undefined;
  /** How many records arrive at the kept stage for each one through the gate; 1 where unknown. */
  readonly gain: number;
  readonly floor: number;
  /** The backlog should be gone after this long. */
  readonly drainWithin: DurationMs;
}

/** Share of the capacity that stays free even with an empty backlog, so that the queue falls and not only stops growing. */
const HEADROOM = 0.1;

/**
 * The rate at a gate that lets the stage below catch up: its capacity, less what draining the backlog in time takes.
 * Never below `floor`; `undefined` where no throttle would help, because the gate already lets less through.
 *
 * @example
 * throttleRate({ capacity: 50, backlog: 600, flow: 80, gain: 1, floor: 5, drainWithin: 30_000 }) === 30
 */
export function throttleRate(view: ThrottleView): number | undefined {
  const { capacity, backlog, flow, gain, floor, drainWithin } = view;
  const drain = Math.min(0.5 * capacity, backlog / (drainWithin / 1_000));
  const room = (capacity - Math.max(HEADROOM * capacity, drain)) / Math.max(gain, 1e-9);
  const rate = Math.max(floor, room);
  return flow !== undefined && rate >= flow ? undefined : rate;
}
