import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Json } from '../../src/domain/json.ts';

export interface GateWrite {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How a write loses its answer: it never came, it was done, or it is done only when `arrive` is called. */
export type Loss = 'before' | 'after' | 'late';

/** How the fake endpoint behaves. */
export interface GateServerOptions {
  /** Sends an ETag and refuses a write with an older one. */
  readonly etags: boolean;
  /** What a write makes of the state. */
  readonly take: (state: Json, body: { readonly [key: string]: Json }) => Json;
}

/** A gate as users have it: GET reads a JSON document, any other method writes it. */
export async function serveGate(t: TestContext, initial: Json, { etags, take }: GateServerOptions) {
  let state = initial;
  let version = 1;
  let status = 200;
  let forWrites = 200;
  const writes: GateWrite[] = [];
  const paths: string[] = [];
  let beforeWrite: (() => void) | undefined;
  let loss: Loss | undefined;
  const late: (() => void)[] = [];
  const set = (next: Json): void => {
    state = next;
    version += 1;
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const body = Buffer.concat(chunks).toString();
    if (status !== 200) return response.writeHead(status).end();
    const tag = etags ? { etag: `"${version}"` } : {};
    if (method === 'GET') {
      paths.push(url);
      return response.writeHead(200, { 'content-type': 'application/json', ...tag }).end(JSON.stringify(state));
    }
    if (forWrites !== 200) return response.writeHead(forWrites).end();
    beforeWrite?.();
    beforeWrite = undefined;
    const condition = headers['if-match'];
    const write = (): boolean => {
      if (condition !== undefined && condition !== `"${version}"`) return false;
      writes.push({ method, url, headers, body });
      set(take(state, JSON.parse(body) as { [key: string]: Json }));
      return true;
    };
    if (loss === 'after') write();
    if (loss === 'late') late.push(write);
    if (loss) return request.socket.destroy();
    response.writeHead(write() ? 204 : 412).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  t.after(close);
  return {
    url: `http://127.0.0.1:${port}`,
    state: () => state,
    set,
    writes,
    paths,
    /** Runs once, between the read and the write of whoever comes next. */
    inBetween: (call: () => void): void => {
      beforeWrite = call;
    },
    /** Writes get no answer from now on. */
    lose: (how: Loss | undefined): void => {
      loss = how;
    },
    /** What was under way for long arrives. */
    arrive: (): void => {
      for (const write of late.splice(0)) write();
    },
    /** Writes are answered with this status from now on, and reads as before. */
    refuseWrites: (next: number): void => {
      forWrites = next;
    },
    fail: async (next: number): Promise<void> => {
      if (next === 0) await close();
      else status = next;
    },
  };
}

export type GateServer = Awaited<ReturnType<typeof serveGate>>;
