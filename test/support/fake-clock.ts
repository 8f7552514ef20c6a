import type { Clock } from '../../src/domain/ports.ts';
import type { DurationMs, EpochMs } from '../../src/domain/time.ts';

export interface FakeClock extends Clock {
  /** Moves time on; timers fire in order at their own moment, and what they start is let settle in between. */
  advance(length: DurationMs): Promise<void>;
  /** Sets the wall clock alone, as an operator or NTP does; monotonic time and timers do not notice. */
  jump(length: DurationMs): void;
  readonly timers: number;
}

/** Lets promises and immediates that are ready run. */
export async function settle(rounds = 4): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A clock that moves only when told. */
export function fakeClock(start: EpochMs = Date.UTC(2026, 0, 5)): FakeClock {
  let monotonic = 0;
  let offset = start;
  let next = 0;
  const timers = new Map<number, { due: DurationMs; call: () => void }>();
  return {
    now: () => monotonic + offset,
    monotonic: () => monotonic,
    timer(delay, call) {
      const id = next++;
      timers.set(id, { due: monotonic + Math.max(0, delay), call });
      return () => timers.delete(id);
    },
    async advance(length) {
      const end = monotonic + length;
      for (;;) {
        await settle();
        const first = [...timers]
          .filter(([, timer]) => timer.due <= end)
          .sort((a, b) => a[1].due - b[1].due || a[0] - b[0])[0];
        if (!first) break;
        timers.delete(first[0]);
        monotonic = Math.max(monotonic, first[1].due);
        first[1].call();
      }
      monotonic = end;
      await settle();
    },
    jump(length) {
      offset += length;
    },
    get timers() {
      return timers.size;
    },
  };
}
