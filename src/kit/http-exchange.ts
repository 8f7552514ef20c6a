import http from 'node:http';
import https from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { HeadgateError } from '../domain/error.ts';
import type { DurationMs } from '../domain/time.ts';
import { formatDuration } from './duration.ts';
import { networkError } from './http-error.ts';
import { guardedLookup } from './http-guard.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as UTF-8, without a byte order mark; what is no UTF-8 becomes U+FFFD. */
  text(): string;
}

export type TlsOptions = SecureContextOptions & {
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
};

/** The sockets that requests share. */
export interface HttpAgents {
  /** `once`: a connection that is used for this request only. */
  agentFor(protocol: string, once: boolean): http.Agent;
  /** Cuts every socket, also those in use. */
  destroy(): void;
}

const IDLE: DurationMs = 60_000;
/** Connections to one server at most; further requests wait within their timeout. */
const MOST_SOCKETS = 32;

export function httpAgents(): HttpAgents {
  const pool = {
    keepAlive: true,
    maxSockets: MOST_SOCKETS,
    maxFreeSockets: 16,
    scheduling: 'lifo',
    timeout: IDLE,
  } as const;
  const kept = { 'http:': new http.Agent(pool), 'https:': new https.Agent(pool) };
  const single = { 'http:': new http.Agent({ keepAlive: false }), 'https:': new https.Agent({ keepAlive: false }) };
  return {
    agentFor: (protocol, once) => (once ? single : kept)[protocol as 'http:' | 'https:'],
    destroy: () => {
      for (const agent of [...Object.values(kept), ...Object.values(single)]) agent.destroy();
    },
  };
}

/** One request and its answer, all decisions made. `end` is the deadline on the clock of `performance.now()`. */
export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly timeout: DurationMs;
  readonly end: number;
  readonly maxBytes: number;
  readonly tls: TlsOptions;
  /** `METHOD address`, fit to be shown. */
  readonly what: string;
}

/** A kept connection turned out to be dead before anything of the answer came; the request may be sent once more. */
export const STALE = new Error('stale connection');

/** Sends and reads one message. Settles by `end` or at `abort`, whatever the other side does, and leaves no listener behind. */
export function exchange(ask: Exchange, agents: HttpAgents, once: boolean, abort: AbortSignal): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  if (abort.aborted) {
    reject(new HeadgateError('aborted', `${ask.what}: given up before it was sent`));
    return promise;
  }
  let request: http.ClientRequest;
  try {
    request = open(ask, agents.agentFor(ask.url.protocol, once));
  } catch (error) {
    reject(networkError(ask.what, error));
    return promise;
  }
  let settled = false;
  const release = (): void => {
    settled = true;
    clearTimeout(timer);
    abort.removeEventListener('abort', onAbort);
  };
  const fail = (error: Error): void => {
    release();
    reject(error);
    request.destroy();
  };
  const onAbort = (): void => fail(new HeadgateError('aborted', `${ask.what}: given up half-way`));
  const timer = setTimeout(() => fail(tooSlow(ask)), Math.max(ask.end - performance.now(), 0));
  abort.addEventListener('abort', onAbort, { once: true });
  let answered = false;
  request.on('error', (error: NodeJS.ErrnoException) => {
    const dead = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    fail(dead && request.reusedSocket && !answered && !once ? STALE : networkError(ask.what, error));
  });
  // Some endings come without an error, for instance an answer of 101. The usual one comes after the answer.
  request.on('close', () => {
    if (!settled) fail(networkError(ask.what, { code: 'ECONNRESET' }));
  });
  request.on('response', (response) => {
    answered = true;
    collect(response, ask, fail, (answer) => {
      release();
      resolve(answer);
    });
  });
  request.end(ask.body);
  return promise;
}

function open({ url, method, headers, tls }: Exchange, agent: http.Agent): http.ClientRequest {
  const common = { method, agent, lookup: guardedLookup, headers: { 'accept-encoding': 'identity', ...headers } };
  if (url.protocol === 'http:') return http.request(url, common);
  return https.request(url, { ...common, minVersion: 'TLSv1.2', ...tls });
}

const tooSlow = ({ what, timeout }: Exchange): HeadgateError =>
  new HeadgateError(
    'timeout',
    `${what}: no complete answer within ${formatDuration(timeout)}; is it overloaded, or is timeout too short?`,
  );

/** What is wrong with an answer as soon as its head is read. */
function badHead({ headers }: http.IncomingMessage, { what, maxBytes, method }: Exchange): HeadgateError | undefined {
  if (method === 'HEAD') return undefined;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    const text = `${what}: answered in encoding ${encoding.slice(0, 20)} though identity was asked for`;
    return new HeadgateError('malformed', text);
  }
  return Number(headers['content-length'] ?? 0) > maxBytes ? tooLarge(what, maxBytes) : undefined;
}

const tooLarge = (what: string, maxBytes: number): HeadgateError =>
  new HeadgateError('too-large', `${what}: the answer is over ${maxBytes} bytes; ask for less or raise max_body_bytes`);

function collect(
  response: http.IncomingMessage,
  ask: Exchange,
  fail: (error: Error) => void,
  done: (answer: HttpAnswer) => void,
): void {
  const wrong = badHead(response, ask);
  if (wrong) fail(wrong);
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('error', (error) => fail(networkError(ask.what, error)));
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= ask.maxBytes) chunks.push(chunk);
    else fail(tooLarge(ask.what, ask.maxBytes));
  });
  // Comes only where the body is whole; one that is cut ends in an error.
  response.on('end', () => {
    const body = Buffer.concat(chunks);
    const text = (): string => body.toString('utf8', body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0);
    done({ status: response.statusCode ?? 0, headers: response.headers, body, text });
  });
}
