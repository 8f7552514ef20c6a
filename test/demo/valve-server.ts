import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ValveAnswer {
  readonly state: 'open' | 'throttled' | 'paused';
  readonly rate?: number;
  readonly until?: string;
}

/** What a daemon serves at `/api/v1/valves/orders.ingest`: the contract in the smallest form, long poll included. */
export async function serveValve() {
  let version = 7;
  let answer: ValveAnswer = { state: 'open' };
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    if (url.pathname !== '/api/v1/valves/orders.ingest') return response.writeHead(404).end();
    const tell = (): void => {
      waiting.delete(tell);
      clearTimeout(patience);
      response.end(JSON.stringify({ stage: 'orders.ingest', ...answer, version }));
    };
    const wait = /^(\d+)s$/.exec(url.searchParams.get('wait') ?? '')?.[1];
    const mayWait = wait !== undefined && url.searchParams.get('version') === String(version);
    const patience = setTimeout(tell, mayWait ? Number(wait) * 1_000 : 0);
    if (mayWait) waiting.add(tell);
    response.on('close', () => clearTimeout(patience));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (next: ValveAnswer): void => {
      answer = next;
      version += 1;
      for (const tell of waiting) tell();
    },
    /** Dies without a word to anyone. */
    close: (): void => {
      server.close();
      server.closeAllConnections();
    },
  };
}
