import { setImmediate } from 'node:timers/promises';

/** Half of the 20 ms that nothing may hold the event loop for: the last step, and the commit after it, take time too. */
const LONGEST_MS = 8;

/** Long work in slices: ask `over` after each small step, and `pause` where it says so. */
export interface Slice {
  over(): boolean;
  pause(): Promise<void>;
}

export function startSlice(): Slice {
  let since = performance.now();
  return {
    over: () => performance.now() - since >= LONGEST_MS,
    pause: async () => {
      await setImmediate();
      since = performance.now();
    },
  };
}
