import { setTimeout as wait } from 'node:timers/promises';

/** What the gate lets through now: everything, a rate in records per second, or nothing (0). */
export type Opening = { readonly open: true } | { readonly open: false; readonly rate: number };

/** The fields this client reads of `GET /api/v1/valves/{pipeline.stage}`. */
interface Answer {
  readonly state: 'open' | 'throttled' | 'paused';
  readonly rate?: number;
  readonly until?: string;
  readonly version: number;
}

export interface Valve {
  now(): Opening;
  close(): void;
}

const OPEN: Opening = { open: true };
const LONGEST_POLL_SECONDS = 20;
/** Distance of two questions, also where the daemon does not hold the answer back. */
const SHORTEST_PAUSE_MS = 50;

/**
 * Follows one valve of the daemon by long poll. Whatever holds it ends at `until` by this process's own monotonic clock, so a
 * daemon that died, hangs or lost its network never holds the flow for longer than it had promised: the valve fails open.
 */
export function followValve(daemonUrl: string, stage: string, onChange: (opening: Opening) => void): Valve {
  const stop = new AbortController();
  let held: { readonly rate: number; readonly endsAt: number } | undefined;
  let told: Opening = OPEN;
  let expiry: NodeJS.Timeout | undefined;
  const now = (): Opening => (held && performance.now() < held.endsAt ? { open: false, rate: held.rate } : OPEN);
  const tell = (): void => {
    const opening = now();
    if (JSON.stringify(opening) === JSON.stringify(told)) return;
    told = opening;
    onChange(opening);
  };
  const obey = (answer: Answer): void => {
    const left = answer.until === undefined ? 0 : Date.parse(answer.until) - Date.now();
    const rate = answer.state === 'paused' ? 0 : answer.rate;
    held =
      answer.state !== 'open' && rate !== undefined && left > 0
        ? { rate, endsAt: performance.now() + left }
        : undefined;
    clearTimeout(expiry);
    // One millisecond late, since a timer may fire a fraction of one early.
    if (held) expiry = setTimeout(tell, left + 1);
    tell();
  };
  void poll(new URL(`/api/v1/valves/${stage}`, daemonUrl), stop.signal, obey, () => held?.endsAt);
  return {
    now,
    close: () => {
      stop.abort();
      clearTimeout(expiry);
    },
  };
}

async function poll(
  url: URL,
  abort: AbortSignal,
  obey: (answer: Answer) => void,
  endsAt: () => number | undefined,
): Promise<void> {
  let version = -1;
  while (!abort.aborted) {
    try {
      // A hold that was renewed may keep its version, so ask again well before it ends.
      const left = (endsAt() ?? Number.POSITIVE_INFINITY) - performance.now();
      const patience = Math.max(1, Math.floor(Math.min(LONGEST_POLL_SECONDS, left / 2_000)));
      url.search = version < 0 ? '' : `?wait=${patience}s&version=${version}`;
      const limit = AbortSignal.any([abort, AbortSignal.timeout(patience * 1_000 + 5_000)]);
      const response = await fetch(url, { signal: limit, redirect: 'error' });
      if (!response.ok) throw new Error(`valve answered ${response.status}`);
      const answer = (await response.json()) as Answer;
      obey(answer);
      version = answer.version;
      await wait(SHORTEST_PAUSE_MS, undefined, { signal: abort });
    } catch {
      // Nothing to do but to ask again: what holds the gate ends by itself. The first question after is without wait.
      version = -1;
      await wait(500, undefined, { signal: abort }).catch(() => undefined);
    }
  }
}
