import type { View } from '../domain/ports.ts';
import type { StageId } from '../domain/stage.ts';
import type { DurationMs } from '../domain/time.ts';
import type { ValveState } from '../domain/views.ts';
import { type Answer, badRequest, json, notFound, Refusal } from './answer.ts';
import { lengthOfQuery } from './fields.ts';
import type { Ask, Route } from './router.ts';
import { toApiValve } from './to-api.ts';

/** Clients that ask for longer are answered after this, so that no proxy cuts them off first. */
const LONGEST: DurationMs = 60_000;

/** The gates the daemon serves. A client that waits is answered at the change; one that has gone is forgotten at once. */
export function createValveRoutes(view: View, maxWaiters: number) {
  const waiting = new Set<AbortController>();

  async function wait(ask: Ask, stage: StageId, version: number, length: DurationMs): Promise<ValveState | undefined> {
    if (waiting.size >= maxWaiters)
      throw new Refusal(503, 'busy', `${maxWaiters} clients wait for valves already`, { 'Retry-After': '5' });
    const over = new AbortController();
    const end = () => over.abort();
    const timer = setTimeout(end, length);
    ask.response.once('close', end);
    waiting.add(over);
    try {
      return (await view.waitValve(stage, version, over.signal)) ?? view.valve(stage);
    } catch (failure) {
      // A wait that was cut short is answered with what stands now.
      if (over.signal.aborted) return view.valve(stage);
      throw failure;
    } finally {
      clearTimeout(timer);
      ask.response.off('close', end);
      waiting.delete(over);
    }
  }

  async function handle(ask: Ask): Promise<Answer> {
    const stage = ask.param('stage') as StageId;
    const valve = view.valve(stage);
    if (!valve) throw notFound(`there is no stage "${stage}"`);
    const length = Math.min(lengthOfQuery(ask.query, 'wait', 0), LONGEST);
    const version = ask.query.get('version');
    if (version !== null && !/^\d{1,16}$/.test(version)) throw badRequest('version: want a whole number');
    // A client that has not seen any version yet has nothing to wait for.
    if (length === 0 || version === null || Number(version) !== valve.version) return json(toApiValve(valve));
    const now = await wait(ask, stage, Number(version), length);
    if (!now) throw notFound(`there is no stage "${stage}" any more`);
    return json(toApiValve(now));
  }

  const routes: Route[] = [{ method: 'GET', path: '/api/v1/valves/:stage', handle }];
  return {
    routes,
    get waiting(): number {
      return waiting.size;
    },
    /** Answers everybody who waits with what stands now. */
    close(): void {
      for (const one of waiting) one.abort();
    },
  };
}
