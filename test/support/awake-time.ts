import { until } from './until.ts';

/** What a round of asking counts at most. */
const ROUND_MS = 50;

/**
 * Time until `condition` holds, in milliseconds, as a machine counts it that has little else to do: each round of asking counts 50 ms
 * at most, so that a process that is not given a processor for a while (this one, or the one that the condition asks) is not
 * taken for a slow one. Where nobody has to wait for a processor it is the time of the clock.
 */
export async function awakeTime(
  condition: () => boolean | Promise<boolean>,
  { what, within = 60_000 }: { what: string; within?: number },
): Promise<number> {
  let [counted, last] = [0, performance.now()];
  const look = async (): Promise<boolean> => {
    const holds = await condition();
    const now = performance.now();
    counted += Math.min(ROUND_MS, now - last);
    last = now;
    return holds;
  };
  await until(look, { what, within });
  return counted;
}
