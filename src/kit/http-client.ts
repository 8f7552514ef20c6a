import { z } from 'zod';
import { HeadgateError } from '../domain/error.ts';
import type { Clock } from '../domain/ports.ts';
import { Auth, fixedAuthorization } from './auth.ts';
import { duration } from './duration.ts';
import { type HttpAsk, httpRequest } from './http.ts';
import { type HttpAnswer, httpAgents } from './http-exchange.ts';
import { tokenCache } from './oauth.ts';
import { Secret } from './secret.ts';
import { Tls, tlsOptions } from './tls.ts';

const FORBIDDEN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'transfer-encoding',
  'accept-encoding',
  'upgrade',
]);

const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'a header name has letters, digits and - only')
  .refine((name) => !FORBIDDEN_HEADERS.has(name.toLowerCase()), 'this header is set by the connection itself');

const HeaderValue = z.union([
  z
    .string()
    .transform((text) => Secret.of(text))
    .meta({ description: 'The value; never shown anywhere.' }),
  z
    .strictObject({ file: z.string().min(1).meta({ description: 'File that holds the value; read at each use.' }) })
    .transform(({ file }) => Secret.inFile(file)),
]);

/**
 * The config keys of everything that speaks HTTP, to spread into a strict object. Sources, actuators and notifiers share
 * them, so that credentials and TLS are written the same way everywhere.
 */
export const httpClientFields = (timeout = '5s') => ({
  timeout: duration
    .prefault(timeout)
    .meta({ description: 'Give up after this long, from the request to the last byte.' }),
  max_body_bytes: z.int().min(1_000).max(100_000_000).default(10_000_000).meta({
    description: 'Cut an answer off, and fail, when its body is over this many bytes.',
  }),
  auth: Auth.optional(),
  tls: Tls.optional(),
  headers: z.record(HeaderName, HeaderValue).default({}).meta({
    description: 'Headers to send along. Each value is text, or { file: PATH } for a secret.',
  }),
});

export type HttpClientConfig = z.output<z.ZodObject<ReturnType<typeof httpClientFields>>>;

/** `timeout` and `maxBytes` come from the config where the ask has none. */
export type HttpClientAsk = Omit<HttpAsk, 'timeout'> & Partial<Pick<HttpAsk, 'timeout'>>;

/** Connections to one watched system, with its credentials. */
export interface HttpClient {
  /** As `httpRequest`. A token that is refused (401) is fetched anew once. After `close` it rejects with `aborted`. */
  request(ask: HttpClientAsk, abort: AbortSignal): Promise<HttpAnswer>;
  /** Ends requests in flight with `aborted` and cuts every socket. May be called twice. */
  close(): Promise<void>;
}

export function httpClient(config: HttpClientConfig, { clock }: { readonly clock: Clock }): HttpClient {
  const agents = httpAgents();
  const closing = new AbortController();
  const plain = (ask: HttpAsk, abort: AbortSignal) => httpRequest(ask, agents, abort, tlsOptions(config.tls));
  const tokens = config.auth?.oauth && tokenCache(config.auth.oauth, clock, (ask) => plain(ask, closing.signal));

  const send = async (given: HttpClientAsk, abort: AbortSignal): Promise<HttpAnswer> => {
    const { timeout = config.timeout, maxBytes = config.max_body_bytes } = given;
    const ask = (authorization: string | undefined): HttpAsk => ({
      ...given,
      timeout,
      maxBytes,
      headers: {
        'user-agent': 'headgate',
        ...given.headers,
        ...revealed(config.headers),
        ...(authorization && { authorization }),
      },
    });
    if (!tokens) return plain(ask(fixedAuthorization(config.auth)), abort);
    const token = await tokens.token(timeout, abort);
    const accept = (status: number): boolean => status === 401 || (given.accept?.(status) ?? false);
    const answer = await plain({ ...ask(`Bearer ${token}`), accept }, abort);
    if (answer.status !== 401) return answer;
    tokens.refused(token);
    return plain(ask(`Bearer ${await tokens.token(timeout, abort)}`), abort);
  };

  return {
    request: async (ask, abort) => {
      if (closing.signal.aborted) throw new HeadgateError('aborted', 'the connection has been closed');
      // Node frees the joined signal once nobody holds it; the two sources stay without listeners.
      return send(ask, AbortSignal.any([abort, closing.signal]));
    },
    close: async () => {
      closing.abort();
      agents.destroy();
    },
  };
}

const revealed = (headers: Readonly<Record<string, Secret>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]));
