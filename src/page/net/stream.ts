import type { ApiEvent } from '../../server/api.ts';
import { PING_MS } from '../model/contact.ts';
import { apiUrl, authorization } from './api.ts';
import { sseParser } from './sse.ts';

/** What a stream tells its owner. Times are of `performance.now()`. */
export interface StreamListener {
  /** Any byte, also a ping. */
  heard(): void;
  event(event: ApiEvent): void;
  lost(retryAt: number): void;
}

export interface Stream {
  retry(): void;
  close(): void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

/**
 * Keeps one event stream open. It reads with `fetch` and not with `EventSource`, which hides comment lines and so the pings: without
 * them a dead line looks like a quiet one. It also sends the token. After a failure it waits 0.5 s, 1 s … 8 s.
 */
export function openStream(listener: StreamListener): Stream {
  let failures = 0;
  let closed = false;
  let timer: number | undefined;
  let abort = new AbortController();

  const read = async (): Promise<void> => {
    abort = new AbortController();
    const headers = { Accept: 'text/event-stream', ...authorization() };
    const response = await fetch(apiUrl('events'), { headers, signal: abort.signal, cache: 'no-store' });
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    const parse = sseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const watchdog = setTimeout(() => abort.abort(), 3 * PING_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(watchdog));
      if (done) return;
      failures = 0;
      listener.heard();
      for (const message of parse(value)) {
        if (message.kind === 'event')
          listener.event({ event: message.event, data: JSON.parse(message.data) } as ApiEvent);
      }
    }
  };

  const run = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (closed) return;
    void read()
      .catch(() => undefined)
      .then(() => {
        if (closed) return;
        const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
        failures += 1;
        listener.lost(performance.now() + wait);
        timer = setTimeout(run, wait);
      });
  };
  run();
  return {
    retry: () => {
      if (timer !== undefined) run();
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      abort.abort();
    },
  };
}
