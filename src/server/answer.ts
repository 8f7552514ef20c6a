import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type { ApiError } from './api.ts';
import { sendStream } from './send-stream.ts';

/** What a handler gives back; `taken` means that it writes the response itself. */
export type Answer =
  | { readonly kind: 'json'; readonly status?: number; readonly body: unknown }
  | { readonly kind: 'list'; readonly items: Iterable<unknown> }
  | { readonly kind: 'stream'; readonly type: string; readonly body: AsyncIterable<string> }
  | {
      readonly kind: 'bytes';
      readonly status?: number;
      readonly type: string;
      readonly body: Uint8Array | string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'taken' };

/** A refusal on its way to the client. The message is for people and holds nothing that only we may know. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const badRequest = (message: string): Refusal => new Refusal(400, 'bad-request', message);
export const notFound = (message: string): Refusal => new Refusal(404, 'not-found', message);

export const json = (body: unknown, status = 200): Answer => ({ kind: 'json', status, body });

/** Bodies are a few words; more is refused before it is read. */
export const MAX_BODY = 64 * 1024;

/** Sent with everything; the page needs no more than its own origin, and nobody may frame it or read it from elsewhere. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** Items of a list made and written in one go before the event loop gets its turn; about 1 ms of work for stages. */
const SLICE = 50;

/** Writes the answer. Resolves when the response was handed to the socket, or the client has gone. */
export async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  if (answer.kind === 'taken') return;
  if (answer.kind === 'list') return await sendList(request, response, answer.items);
  if (answer.kind === 'stream') return await sendStream(request, response, answer);
  const body = answer.kind === 'json' ? JSON.stringify(answer.body) : answer.body;
  if (answer.status === 304 && answer.kind === 'bytes') return void response.writeHead(304, answer.headers).end();
  response.writeHead(answer.status ?? 200, {
    'Content-Type': answer.kind === 'json' ? 'application/json; charset=utf-8' : answer.type,
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(body),
    ...(answer.kind === 'bytes' ? answer.headers : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** A long list is made and written in slices: no slice holds the event loop, and a slow reader holds no memory. */
async function sendList(request: IncomingMessage, response: ServerResponse, items: Iterable<unknown>): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  if (request.method === 'HEAD') return void response.end();
  let chunk = '[';
  let count = 0;
  for (const item of items) {
    chunk += (count === 0 ? '' : ',') + JSON.stringify(item);
    count += 1;
    if (count % SLICE !== 0) continue;
    if (response.destroyed) return;
    if (response.write(chunk)) await turn();
    else await drained(response);
    chunk = '';
  }
  response.end(`${chunk}]`);
}

const drained = async (response: ServerResponse): Promise<void> => {
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
  response.off('close', leave);
};

/** Every error leaves as `ApiError`. A connection on which a long body may still be coming is not used again. */
export function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) return void response.destroy();
  const body: ApiError = { error: { code: refusal.code, message: refusal.message } };
  const text = JSON.stringify(body);
  response.writeHead(refusal.status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(text),
    ...(isSoonRead(request) ? {} : { Connection: 'close' }),
    ...refusal.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** What is unread of a short body is skipped; nobody waits for the end of a long one. */
const isSoonRead = (request: IncomingMessage): boolean =>
  request.complete ||
  (request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) <= MAX_BODY);
