import type { Clock, Valves } from '../domain/ports.ts';
import type { StageId } from '../domain/stage.ts';
import type { DurationMs } from '../domain/time.ts';
import type { ValveState } from '../domain/views.ts';

/** `setTimeout` takes no more. */
const LONGEST_TIMER: DurationMs = 2 ** 31 - 1;

/**
 * The gates this daemon serves. A gate that is held always has an `until`, and is open from that moment on even if nobody
 * calls: letting go needs no one to be alive. Versions start from the wall clock, so they grow over restarts too.
 */
export function createValves(clock: Clock, changed: (state: ValveState) => void = () => {}): Valves {
  const held = new Map<StageId, ValveState>();
  const waiting = new Map<StageId, Set<() => void>>();
  const timers = new Map<StageId, () => void>();
  const versions = new Map<StageId, number>();
  const born = clock.now();

  const bump = (stage: StageId): number => {
    const version = Math.max((versions.get(stage) ?? born) + 1, clock.now());
    versions.set(stage, version);
    return version;
  };
  const open = (stage: StageId): ValveState => ({ stage, state: 'open', version: versions.get(stage) ?? born });
  const announce = (stage: StageId, state: ValveState): void => {
    for (const wake of waiting.get(stage) ?? []) wake();
    changed(state);
  };
  const letGo = (stage: StageId): void => {
    timers.get(stage)?.();
    timers.delete(stage);
    held.delete(stage);
    bump(stage);
    announce(stage, open(stage));
  };
  const arm = (stage: StageId, left: DurationMs): void => {
    timers.get(stage)?.();
    // Counted on the timer's own clock: a wall clock that is set back holds no gate a moment longer.
    const due = () => (left > LONGEST_TIMER ? arm(stage, left - LONGEST_TIMER) : letGo(stage));
    timers.set(stage, clock.timer(Math.max(1, Math.min(left, LONGEST_TIMER)), due));
  };
  const get = (stage: StageId): ValveState => {
    const state = held.get(stage);
    if (state?.until !== undefined && state.until <= clock.now()) letGo(stage);
    return held.get(stage) ?? open(stage);
  };

  return {
    get,
    hold(stage, request, hold) {
      const before = get(stage);
      const state: ValveState = {
        stage,
        state: request.kind === 'pause' ? 'paused' : 'throttled',
        ...(request.kind === 'throttle' ? { rate: request.rate } : {}),
        ...(request.kind === 'pause' ? { factor: 0 } : {}),
        ...(request.kind === 'throttle' && hold.usual !== undefined && hold.usual > 0
          ? { factor: Math.min(1, request.rate / hold.usual) }
          : {}),
        reason: hold.reason,
        lease: hold.lease,
        until: hold.until,
        version: before.version,
      };
      if (JSON.stringify(state) === JSON.stringify(before)) return before;
      const next = { ...state, version: bump(stage) };
      held.set(stage, next);
      arm(stage, hold.until - clock.now());
      announce(stage, next);
      return next;
    },
    open(stage, lease) {
      if (get(stage).lease !== lease) return false;
      letGo(stage);
      return true;
    },
    wait(stage, version, abort) {
      const now = get(stage);
      if (now.version !== version || abort.aborted) return Promise.resolve(now);
      return new Promise((resolve) => {
        const wakes = waiting.get(stage) ?? new Set();
        waiting.set(stage, wakes);
        const wake = (): void => {
          wakes.delete(wake);
          if (wakes.size === 0) waiting.delete(stage);
          abort.removeEventListener('abort', wake);
          resolve(get(stage));
        };
        wakes.add(wake);
        abort.addEventListener('abort', wake);
      });
    },
  };
}
