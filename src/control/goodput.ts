export interface GoodputView {
  /** What is let through now, records per second; `undefined` where the gate is open. */
  readonly rate: number | undefined;
  /** The lowest rate at which failures came back not long ago: probing stays below it. */
  readonly ceiling: number | undefined;
  /** What got done of late, records per second. */
  readonly out: number;
  /** Failed attempts divided by all, 0 … 1. */
  readonly errorRatio: number;
  readonly floor: number;
}

/** More failures than this mean that the dependency has less room than is asked of it. */
export const TOO_MANY = 0.03;
/** With few failures the gate is opened by this share a step, to find out how much room there is. */
const PROBE_UP = 1.1;

/**
 * The rate at which a stage may call a dependency that is short of capacity. Goodput is below the capacity and attempts are above
 * it, so their geometric mean is near it at once; a little less lets retries drain. Without failures the rate probes upwards
 * (additive increase, multiplicative decrease; Jacobson 1988).
 */
export function goodputRate({ rate, ceiling, out, errorRatio, floor }: GoodputView): number {
  if (errorRatio <= TOO_MANY && rate !== undefined)
    return Math.max(rate, Math.min(rate * PROBE_UP, 0.95 * (ceiling ?? Number.POSITIVE_INFINITY)));
  const near = (0.95 * out) / Math.sqrt(Math.max(0.01, 1 - errorRatio));
  return Math.max(floor, rate === undefined ? near : Math.min(rate, near));
}
