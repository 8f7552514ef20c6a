import type { Valves } from '../../src/domain/ports.ts';
import { createValves } from '../../src/engine/valves.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';

/** The daemon's own valves on a clock that stands still until it is moved. */
export function testValves(start = 1_700_000_000_000): { readonly valves: Valves; readonly clock: FakeClock } {
  const clock = fakeClock(start);
  return { valves: createValves(clock), clock };
}
