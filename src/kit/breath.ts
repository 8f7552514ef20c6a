/** Work that holds the event loop is cut after this long; with the step that is under way then it stays far below 20 ms. */
const LONGEST_MS = 4;

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
