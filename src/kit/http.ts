import { HeadgateError } from '../domain/error.ts';
import type { DurationMs } from '../domain/time.ts';
import { codeOfStatus, redactUrl, statusError } from './http-error.ts';
import { type Exchange, exchange, type HttpAgents, type HttpAnswer, STALE, type TlsOptions } from './http-exchange.ts';
import { forbiddenAddress } from './http-guard.ts';

/** One request. */
export interface HttpAsk {
  readonly url: string | URL;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** From the call to the last byte of the answer, whatever happens between. */
  readonly timeout: DurationMs;
  /** A body of more bytes is `too-large`, and its connection is cut. Default 10 MB. */
  readonly maxBytes?: number;
  /** GET and HEAD follow up to five redirects within the same origin. Without it none is followed, to another origin never. */
  readonly follow?: 'same-origin';
  /** Statuses besides 2xx that the caller wants to see as an answer, not as an error. */
  readonly accept?: (status: number) => boolean;
  /** What the body of a refusal says, as far as it is fit to be shown to people; becomes part of the message. */
  readonly explain?: (answer: HttpAnswer) => string | undefined;
  /** How to name the target in messages where the path of the url is a secret. Default: the redacted url. */
  readonly called?: string;
}

const DEFAULT_MAX_BYTES = 10_000_000;
const MOST_REDIRECTS = 5;

/** Methods that may be sent again where the connection broke without an answer (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/**
 * One HTTP exchange with a deadline, a cap on the body, and no surprises: no decompression, no redirect that was not asked
 * for, no link-local address (cloud metadata). Methods that must not be sent twice get a connection of their own, because a
 * kept one may turn out dead only after the request was sent; the others are then sent once more.
 *
 * @throws HeadgateError `timeout`, `unreachable`, `aborted`, `too-large`, `malformed`, `bad-config`, and by status:
 * `unauthorized` (401, 403), `not-found` (404, 410), `rate-limited` (425, 429), `server-error` (5xx), `timeout` (408),
 * `too-large` (413), `rejected` (the rest).
 */
export async function httpRequest(
  ask: HttpAsk,
  agents: HttpAgents,
  abort: AbortSignal,
  tls: TlsOptions = {},
): Promise<HttpAnswer> {
  const method = (ask.method ?? 'GET').toUpperCase();
  const mayFollow = ask.follow === 'same-origin' && (method === 'GET' || method === 'HEAD');
  const end = performance.now() + ask.timeout;
  let url = checkedUrl(ask.url, ask.called);
  for (let hop = 0; ; hop += 1) {
    const what = `${method} ${ask.called ?? redactUrl(url)}`;
    const { timeout, headers = {}, body, maxBytes = DEFAULT_MAX_BYTES } = ask;
    const answer = await sendOnce({ url, method, headers, body, timeout, end, maxBytes, tls, what }, agents, abort);
    if (codeOfStatus(answer.status) === undefined || ask.accept?.(answer.status)) return answer;
    const next = redirectOf(answer, url);
    if (!mayFollow || next?.origin !== url.origin || hop >= MOST_REDIRECTS) throw refusal(what, answer, next, ask);
    url = next;
  }
}

async function sendOnce(ask: Exchange, agents: HttpAgents, abort: AbortSignal): Promise<HttpAnswer> {
  const repeatable = IDEMPOTENT.has(ask.method);
  try {
    return await exchange(ask, agents, !repeatable, abort);
  } catch (error) {
    if (error !== STALE) throw error;
    return exchange(ask, agents, true, abort);
  }
}

function refusal(what: string, answer: HttpAnswer, next: URL | undefined, ask: HttpAsk): HeadgateError {
  const location = next === undefined || ask.called ? undefined : redactUrl(next);
  const { status, headers } = answer;
  return statusError(what, { status, location, retryAfter: headers['retry-after'] }, Date.now(), ask.explain?.(answer));
}

function redirectOf({ status, headers }: HttpAnswer, from: URL): URL | undefined {
  const { location } = headers;
  if (status < 300 || status >= 400 || !location || !URL.canParse(location, from.href)) return undefined;
  return new URL(location, from);
}

function checkedUrl(given: string | URL, called = redactUrl(given)): URL {
  const fail = (text: string) => new HeadgateError('bad-config', `${called}: ${text}`);
  if (!URL.canParse(String(given))) throw fail('write the url as http://host:port/path');
  const url = new URL(String(given));
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw fail('only http and https are spoken');
  if (forbiddenAddress(url.hostname)) throw fail('link-local and metadata addresses are never asked');
  return url;
}
