import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { asHeadgateError, type HeadgateError } from '../domain/error.ts';
import type { Commands, Events, View } from '../domain/ports.ts';
import type { DurationMs } from '../domain/time.ts';
import type { Secret } from '../kit/secret.ts';
import { type Answer, COMMON_HEADERS, Refusal, send, sendRefusal } from './answer.ts';
import { MAX_HEADER_BYTES, refuseBroken } from './broken.ts';
import { createGuard, type Guard } from './guard.ts';
import { listenError, parseListen } from './listen.ts';
import { type PageFiles, pageRoutes } from './page.ts';
import { readRoutes } from './reads.ts';
import { createRouter, type Find, parseTarget } from './router.ts';
import { createStream } from './stream.ts';
import { createValveRoutes } from './valves.ts';
import { type MetricsText, starting, watchedRoutes } from './watched.ts';
import { writeRoutes } from './writes.ts';

/** What a server needs to answer at all. */
export interface ServerFrame {
  readonly options: ServerOptions;
  /** What the daemon is doing as long as there is nothing to serve yet. */
  readonly starting: () => string;
  /** A request failed through no fault of its client; the client was told without detail. */
  onError?(what: string, error: HeadgateError): void;
}

/** What is served. */
export interface ServerParts {
  readonly view: View;
  readonly commands: Commands;
  readonly metrics: MetricsText;
  readonly events: { subscribe(listener: Partial<Events>): () => void };
  readonly page: PageFiles;
}

export interface ServerOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly listen: string;
  /** The text of `server.token_file`; commands need it where it is set. */
  readonly token?: Secret | undefined;
  /** Names beside the loopback ones under which a client may call a loopback bind. */
  readonly allowedHosts?: readonly string[];
  /** Where people open the page, if a proxy stands before it; its host is allowed too. */
  readonly pageUrl?: string | undefined;
  readonly limits?: Partial<Limits>;
}

/** What one client, or all together, may use. */
export interface Limits {
  readonly connections: number;
  readonly streamClients: number;
  readonly valveWaiters: number;
  readonly streamRing: number;
  readonly streamBacklog: number;
  readonly ping: DurationMs;
  /** All headers must have come after this; the whole request after three times as long. */
  readonly headers: DurationMs;
  /** What still runs after this at `close` is cut. */
  readonly grace: DurationMs;
}

const LIMITS: Limits = {
  connections: 1_024,
  streamClients: 100,
  valveWaiters: 500,
  streamRing: 2_048,
  streamBacklog: 1_048_576,
  ping: 5_000,
  headers: 10_000,
  grace: 1_000,
};

export interface Server {
  /**
   * Takes the address. Until `serve` it says that it lives and, to everything else, that it is not ready and why.
   *
   * @throws HeadgateError `bad-config` where the address cannot be had.
   */
  listen(): Promise<{ readonly address: string; readonly port: number }>;
  /** From now on the page, the API and the metrics are there. Once, after `listen`. */
  serve(parts: ServerParts): void;
  /** Ends streams and waits, finishes what is being answered, then closes. May be called twice, also before `listen`. */
  close(): Promise<void>;
}

/** The HTTP side: page, API, valves, live events, health, metrics. It meets the engine only through `View` and `Commands`. */
export function createServer(frame: ServerFrame): Server {
  const { options } = frame;
  const limits = { ...LIMITS, ...options.limits };
  const report = (what: string, thrown: unknown) => frame.onError?.(what, asHeadgateError(thrown));
  const endings: (() => void)[] = [];
  /** The response each connection works on, to know whether words can still be put on it. */
  const current = new WeakMap<Socket, ServerResponse>();
  let closing: Promise<void> | undefined;

  const http = createHttpServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: limits.headers,
    requestTimeout: 3 * limits.headers,
    connectionsCheckingInterval: Math.max(50, Math.round(limits.headers / 4)),
    keepAliveTimeout: 5_000,
    // A missing Host is refused by the guard, with words.
    requireHostHeader: false,
  });
  http.maxConnections = limits.connections;
  http.on('clientError', (error, socket) => refuseBroken(error, socket as Socket, current.get(socket as Socket)));
  http.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    sendRefusal(request, response, new Refusal(417, 'expectation-failed', 'only Expect: 100-continue is understood')),
  );

  /** Known once the port is bound. */
  let guard: Guard | undefined;
  let find = starting(frame.starting);

  const handle = async (request: IncomingMessage, response: ServerResponse, guard: Guard): Promise<void> => {
    current.set(request.socket, response);
    response.once('close', () => {
      current.delete(request.socket);
      if (closing) setImmediate(() => http.closeIdleConnections());
    });
    for (const [name, value] of Object.entries(COMMON_HEADERS)) response.setHeader(name, value);
    try {
      await send(request, response, await answerTo(request, response, guard, find));
    } catch (thrown) {
      sendRefusal(
        request,
        response,
        refusalOf(thrown, (error) => report(`${request.method} request`, error)),
      );
    }
  };
  return {
    async listen() {
      const { host, port } = parseListen(options.listen);
      http.listen(port, host);
      try {
        await once(http, 'listening');
      } catch (cause) {
        throw listenError(options.listen, cause as NodeJS.ErrnoException);
      }
      http.on('error', (thrown) => report('http server', thrown));
      const bound = http.address() as AddressInfo;
      const allowedHosts = [...(options.allowedHosts ?? []), ...hostsOf(options.pageUrl)];
      const made = createGuard({ address: bound.address, port: bound.port, token: options.token, allowedHosts });
      guard = made;
      http.on('request', (request, response) => void handle(request, response, made));
      return { address: bound.address, port: bound.port };
    },
    serve(parts) {
      if (!guard) throw new Error('serve() before listen()');
      const { view } = parts;
      const stream = createStream({
        view,
        readOnly: guard.readOnly,
        needsToken: guard.needsToken,
        maxClients: limits.streamClients,
        ring: limits.streamRing,
        pingEvery: limits.ping,
        maxBacklog: limits.streamBacklog,
        onError: (thrown) => report('event stream', thrown),
      });
      const valves = createValveRoutes(view, limits.valveWaiters);
      endings.push(parts.events.subscribe(stream.listener), stream.close, valves.close);
      find = createRouter([
        ...watchedRoutes(view, parts.metrics),
        ...readRoutes(view),
        ...valves.routes,
        ...stream.routes,
        ...writeRoutes(view, parts.commands),
        ...pageRoutes(parts.page),
      ]);
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };

  async function closeAll(): Promise<void> {
    const ended = http.listening ? new Promise<void>((resolve) => http.close(() => resolve())) : Promise.resolve();
    for (const end of endings) end();
    http.closeIdleConnections();
    const cut = setTimeout(() => http.closeAllConnections(), limits.grace);
    await ended;
    clearTimeout(cut);
  }
}

const hostsOf = (url: string | undefined): string[] =>
  url !== undefined && URL.canParse(url) ? [new URL(url).host].filter((host) => host !== '') : [];

function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  guard: Guard,
  find: Find,
): Answer | Promise<Answer> {
  guard.checkHost(request.headers);
  const target = parseTarget(request.url ?? '');
  const { route, param } = find(request.method ?? '', target);
  if (route.method === 'POST') guard.checkWrite(request.headers);
  return route.handle({ request, response, param, query: target.query });
}

/** What the client is told. Our own failures are reported inside and said without detail. */
function refusalOf(thrown: unknown, report: (error: HeadgateError) => void): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const error = asHeadgateError(thrown);
  // The client went away in the middle of its own body; nobody reads the answer.
  if ((thrown as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET')
    return new Refusal(400, 'aborted', 'the request was cut off');
  report(error);
  if (error.code === 'store-failed')
    return new Refusal(503, 'store-failed', 'the store does not answer; the daemon goes on without it');
  return new Refusal(500, 'internal', 'something failed inside the daemon; its log says what');
}
