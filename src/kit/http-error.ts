import { type ErrorCode, HeadgateError } from '../domain/error.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';

/**
 * An address as it may be shown to anybody: without user info and fragment, every query value masked. Tokens hide in all
 * three. A path is kept; where the path itself is the secret, name the target with `HttpAsk.called` instead.
 *
 * @example
 * redactUrl('https://me:pw@host/api?key=abc&n=1#x') === 'https://host/api?key=[secret]&n=[secret]'
 */
export function redactUrl(url: string | URL): string {
  if (!URL.canParse(String(url))) return '[not a URL]';
  const { protocol, host, pathname, searchParams } = new URL(String(url));
  const names = [...searchParams.keys()].map((name) => `${encodeURIComponent(name)}=[secret]`);
  return `${protocol}//${host}${pathname}${names.length > 0 ? `?${names.join('&')}` : ''}`;
}

/**
 * How long a `Retry-After` header asks to wait: whole seconds or an HTTP date (RFC 9110 §10.2.3). A date that has passed is 0.
 *
 * @returns milliseconds, at most a day; `undefined` where the header is missing or is neither of the two.
 * @example
 * parseRetryAfter('120', 0) === 120_000
 */
export function parseRetryAfter(header: string | undefined, now: EpochMs): DurationMs | undefined {
  const text = header?.trim() ?? '';
  const most = 86_400_000;
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1_000, most);
  // Every form of HTTP date names its month and ends in the zone or the year; `Date.parse` alone takes far too much.
  if (!/^[A-Z][a-z]{2,8},? .*(GMT|\d{4})$/.test(text)) return undefined;
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), most);
}

/** The code for an HTTP status, by what can be done about it; `undefined` for success (2xx). */
export function codeOfStatus(status: number): ErrorCode | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 404 || status === 410) return 'not-found';
  if (status === 408) return 'timeout';
  if (status === 413) return 'too-large';
  if (status === 425 || status === 429) return 'rate-limited';
  return status >= 500 ? 'server-error' : 'rejected';
}

const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthorized: 'check the credentials under auth or headers and what they are allowed to do',
  'not-found': 'check the path of the url',
  timeout: 'look why that server waits',
  'rate-limited': 'ask less often, or raise the limit there',
  'server-error': 'look into the log of that server',
  'too-large': 'send less',
  rejected: 'check url and settings',
};

/** What an answer other than 2xx means. `what` is `METHOD address`, `detail` what the body says of it, if that is fit to show. */
export function statusError(
  what: string,
  answer: { readonly status: number; readonly location?: string | undefined; readonly retryAfter?: string | undefined },
  now: EpochMs,
  detail?: string,
): HeadgateError {
  const code = codeOfStatus(answer.status) ?? 'rejected';
  const moved = answer.status >= 300 && answer.status < 400;
  const advice = moved
    ? `it redirects${answer.location ? ` to ${answer.location}` : ''}, which is not followed; configure the final address`
    : ADVICE[code];
  const said = detail ? ` (${detail.replace(/\s+/g, ' ').slice(0, 200)})` : '';
  return new HeadgateError(code, `${what}: answered ${answer.status}${said}${advice ? `; ${advice}` : ''}`, {
    retryAfter: parseRetryAfter(answer.retryAfter, now),
  });
}

/** What an error of socket, TLS or HTTP parser means. */
export function networkError(what: string, thrown: unknown): HeadgateError {
  if (thrown instanceof HeadgateError) return thrown;
  const error = thrown as NodeJS.ErrnoException & { errors?: readonly unknown[] };
  // Happy eyeballs reports one error for each address that was tried.
  if (error.errors?.[0] !== undefined && !error.syscall) return networkError(what, error.errors[0]);
  const code = error.code ?? 'unknown';
  const fail = (kind: ErrorCode, text: string) => new HeadgateError(kind, `${what}: ${text}`, { cause: thrown });
  if (code === 'HPE_HEADER_OVERFLOW') return fail('too-large', 'the headers of the answer are over 16 kB');
  if (code.startsWith('HPE_')) return fail('malformed', `the answer is not HTTP (${code}); check port and scheme`);
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_INVALID_HTTP_TOKEN') {
    return fail('bad-config', 'a header holds a character that HTTP forbids; check headers and secrets for line ends');
  }
  if (code.startsWith('ERR_OSSL')) {
    return fail('bad-config', `a certificate or key cannot be used (${code}); check the files under tls`);
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return fail('unreachable', `TLS failed (${code}); does the port speak TLS, and does it want a client certificate?`);
  }
  if (code.startsWith('ERR_TLS_CERT') || /CERT|SIGNATURE|ISSUER|CRL/.test(code)) {
    return fail('unreachable', `its certificate is not accepted (${code}); set tls.ca_file or tls.server_name`);
  }
  return fail('unreachable', REASONS[code] ?? `connection failed (${code})`);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; is the process running and is the port right?',
  ENOTFOUND: 'the host name is unknown; check the spelling and DNS',
  EAI_AGAIN: 'DNS gives no answer',
  ECONNRESET: 'the connection was closed before the answer was complete',
  EPIPE: 'the connection was closed while the request was sent',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'the host does not answer',
};
