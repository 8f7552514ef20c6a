import type { Clock, Valves } from '../../src/domain/ports.ts';
import { createValves } from '../../src/engine/valves.ts';

/** The daemon's own valves on a clock that stands still until it is moved. */
export function testValves(start = 1_700_000_000_000): { valves: Valves; clock: Clock; advance(by: number): void } {
  let time = start;
  const timers = new Set<{ at: number; call: () => void }>();
  const clock: Clock = {
    now: () => time,
    monotonic: () => time - start,
    timer: (delay, call) => {
      const timer = { at: time + delay, call };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = (by: number): void => {
    time += by;
    for (const timer of [...timers].filter(({ at }) => at <= time)) {
      timers.delete(timer);
      timer.call();
    }
  };
  return { valves: createValves(clock), clock, advance };
}
