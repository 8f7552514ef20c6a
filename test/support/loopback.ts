import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';

/** An HTTP server on a free port of 127.0.0.1, made for one test. */
export interface Loopback {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Requests that have come, oldest first; bodies are complete. */
  readonly requests: readonly Received[];
  /** Sockets open now, and all that were ever opened. */
  readonly sockets: { readonly open: number; readonly ever: number };
  /** Cuts all sockets and stops listening. May be called twice. */
  close(): Promise<void>;
}

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export type Handler = (request: Received, response: http.ServerResponse) => void;

/** Starts a server that hands every complete request to `handle`. With `tls` it speaks https; `port` of `freePort`, where one has stood before or will again. */
export async function loopback(handle: Handler, tls?: https.ServerOptions, port = 0): Promise<Loopback> {
  const requests: Received[] = [];
  const listener: http.RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const received = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      requests.push(received);
      handle(received, response);
    });
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  return listen(server, tls ? 'https' : 'http', requests, port);
}

/** Starts a server that speaks bytes, for what no HTTP library would say. */
export async function rawLoopback(server: Server): Promise<Loopback> {
  return listen(server, 'http', []);
}

async function listen(server: Server, scheme: string, requests: readonly Received[], wanted = 0): Promise<Loopback> {
  const sockets = new Set<Socket>();
  const counts = { open: 0, ever: 0 };
  server.on('connection', (socket: Socket) => {
    counts.ever += 1;
    counts.open += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      counts.open -= 1;
      sockets.delete(socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { url: `${scheme}://127.0.0.1:${port}`, port, requests, sockets: counts, close };
}

/** A handler that answers every request with `body`. */
export const answerWith =
  (body: string, status = 200, headers: http.OutgoingHttpHeaders = {}): Handler =>
  (_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
