import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Nothing may hold the event loop for 20 ms. Work is cut after this long, since the last step, and the commit and checkpoint
 * after it, take their time too.
 */
const LONGEST_MS = 5;

/** When the stores of this process began to work in this turn of the event loop; undefined while they have not. */
let began: number | undefined;

/**
 * True once the stores have worked long enough in this turn of the event loop, all calls together: many short calls hold it up
 * as one long call does, because promises that are already settled never let it go round. Then `await pause()`.
 */
export function isOver(): boolean {
  if (began === undefined) {
    began = performance.now();
    setImmediate(() => {
      began = undefined;
    });
    return false;
  }
  return performance.now() - began >= LONGEST_MS;
}

/** The next turn of the event loop. */
export const pause = (): Promise<void> => nextTurn();
