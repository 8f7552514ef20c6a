import type { Clock } from '../../src/domain/ports.ts';
import type { DurationMs, EpochMs } from '../../src/domain/time.ts';

/** A clock that stands until it is moved. */
export interface FakeClock extends Clock {
  /** Moves both clocks on and calls the timers that are due, in order. */
  advance(by: DurationMs): void;
  /** Sets the wall clock alone, as an administrator or NTP does. */
  jumpTo(now: EpochMs): void;
}

export function fakeClock(start: EpochMs = Date.UTC(2026, 0, 1)): FakeClock {
  let wall = start;
  let steady = 0;
  const timers = new Set<{ at: DurationMs; call: () => void }>();
  return {
    now: () => wall,
    monotonic: () => steady,
    timer: (delay, call) => {
      const timer = { at: steady + delay, call };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance: (by) => {
      const end = steady + by;
      const due = () => [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      for (let next = due(); next; next = due()) {
        timers.delete(next);
        wall += Math.max(next.at - steady, 0);
        steady = Math.max(next.at, steady);
        next.call();
      }
      wall += end - steady;
      steady = end;
    },
    jumpTo: (now) => {
      wall = now;
    },
  };
}
