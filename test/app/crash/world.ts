import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the daemon under test watches and moves, in the process that survives its crashes. */
export interface OutsideWorld {
  readonly url: string;
  /** Times each `webhook-id` was taken. */
  readonly received: ReadonlyMap<string, number>;
  rate(): number;
  lag: number;
  /** When `/lag` was asked, on the clock of `performance`. */
  readonly polls: readonly number[];
  /** While true, the gate takes requests and never answers. */
  gateHangs: boolean;
  /** What was asked of the gate, and what was noted in between, oldest first. */
  readonly gateLog: readonly string[];
  note(what: string): void;
  close(): Promise<void>;
}

export const USUAL_RATE = 100;

export async function outsideWorld(): Promise<OutsideWorld> {
  const received = new Map<string, number>();
  let rate = USUAL_RATE;
  const world = { lag: 1, gateHangs: false };
  const polls: number[] = [];
  const gateLog: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = (value: unknown): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (request.url === '/lag') {
      polls.push(performance.now());
      return answer({ lag: world.lag });
    }
    if (request.url === '/hook') {
      const id = String(request.headers['webhook-id']);
      received.set(id, (received.get(id) ?? 0) + 1);
      return answer({});
    }
    gateLog.push(`${Math.round(performance.now())} ${request.method} ${body}at ${rate}`);
    if (world.gateHangs) return;
    if (request.method !== 'GET') rate = (JSON.parse(body) as { value: number }).value;
    return answer({ rate });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    rate: () => rate,
    polls,
    gateLog,
    note: (what) => gateLog.push(`${Math.round(performance.now())} ${what}`),
    get lag() {
      return world.lag;
    },
    set lag(value) {
      world.lag = value;
    },
    get gateHangs() {
      return world.gateHangs;
    },
    set gateHangs(value) {
      world.gateHangs = value;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
