/** Work that holds the event loop is cut after this long; with the step that is under way then it stays far below 20 ms. */
const LONGEST_MS = 2;

/**
 * For long loops: `await breathe()` after each step lets the event loop go round when the loop has held it for long enough.
 * Costs a reading of the clock otherwise.
 */
export function breaths(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < LONGEST_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        began = performance.now();
        resolve();
      });
    });
  };
}

/** Runs work that yields after each step, and lets the event loop go round in between. */
export async function inSlices<T>(work: Generator<void, T>): Promise<T> {
  const breathe = breaths();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await breathe();
  }
}

/** The same work in one go, where nothing else waits for the event loop. */
export function inOneGo<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
