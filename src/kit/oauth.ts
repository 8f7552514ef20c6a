import { z } from 'zod';
import { HeadgateError } from '../domain/error.ts';
import type { Clock } from '../domain/ports.ts';
import type { DurationMs } from '../domain/time.ts';
import { unlessAborted } from './abort.ts';
import type { HttpAsk } from './http.ts';
import { redactUrl } from './http-error.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { secretFields, secretOf } from './secret.ts';

/** OAuth 2.0 client credentials (RFC 6749 §4.4). */
export const OAuth = z
  .strictObject({
    token_url: z.url({ protocol: /^https?$/ }).meta({ description: 'Endpoint that gives tokens.' }),
    client_id: z.string().min(1).meta({ description: 'Client identifier.' }),
    ...secretFields('client_secret', 'Client secret.'),
    scopes: z.array(z.string().min(1)).default([]).meta({ description: 'Scopes to ask for.' }),
    audience: z.string().min(1).optional().meta({ description: 'Audience to ask for, where the server wants one.' }),
    send_as: z.enum(['header', 'body']).default('header').meta({
      description: 'Whether id and secret go into the Authorization header (RFC 6749 prefers it) or into the form.',
    }),
  })
  .refine((oauth) => secretOf(oauth, 'client_secret'), {
    path: ['client_secret'],
    message: 'set client_secret or client_secret_file',
  });

export type OAuth = z.output<typeof OAuth>;

/** What the server answers (RFC 6749 §5.1); servers add fields of their own. */
const TokenAnswer = z.object({
  access_token: z.string().min(1),
  token_type: z.string().optional(),
  expires_in: z.coerce.number().positive().optional(),
});

/** Gives a token that is good for a while. */
export interface TokenCache {
  /** The kept token, or a new one. Calls at the same time share one fetch. */
  token(timeout: DurationMs, abort: AbortSignal): Promise<string>;
  /** Forgets `token`, because it was refused. */
  refused(token: string): void;
}

/** Where the server does not say how long a token is good. */
const ASSUMED_LIFE: DurationMs = 300_000;

/**
 * Fetches tokens and renews them when 80 % of their life is over.
 *
 * @param send how to ask over HTTP; errors of it pass through.
 */
export function tokenCache(
  oauth: OAuth,
  clock: Clock,
  send: (ask: HttpAsk, abort: AbortSignal) => Promise<HttpAnswer>,
): TokenCache {
  let kept: { token: string; until: DurationMs } | undefined;
  let fetching: Promise<string> | undefined;
  const fetch = async (timeout: DurationMs): Promise<string> => {
    // Many callers may wait for this one token, so that no single one of them can call it off. It ends by its timeout.
    const answer = await send(tokenAsk(oauth, timeout), new AbortController().signal);
    const { token, life } = tokenOf(answer, oauth.token_url);
    kept = { token, until: clock.monotonic() + life * 0.8 };
    return token;
  };
  return {
    token: async (timeout, abort) => {
      if (kept && clock.monotonic() < kept.until) return kept.token;
      fetching ??= fetch(timeout).finally(() => {
        fetching = undefined;
      });
      return unlessAborted(fetching, abort, `token of ${redactUrl(oauth.token_url)}`);
    },
    refused: (token) => {
      if (kept?.token === token) kept = undefined;
    },
  };
}

function tokenAsk(oauth: OAuth, timeout: DurationMs): HttpAsk {
  const secret = secretOf(oauth, 'client_secret')?.reveal() ?? '';
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (oauth.scopes.length > 0) form.set('scope', oauth.scopes.join(' '));
  if (oauth.audience !== undefined) form.set('audience', oauth.audience);
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (oauth.send_as === 'body') {
    form.set('client_id', oauth.client_id);
    form.set('client_secret', secret);
  } else {
    // Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).
    const pair = `${encodeURIComponent(oauth.client_id)}:${encodeURIComponent(secret)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return { url: oauth.token_url, method: 'POST', headers, body: form.toString(), timeout, maxBytes: 100_000 };
}

function tokenOf(answer: HttpAnswer, url: string): { token: string; life: DurationMs } {
  let json: unknown;
  try {
    json = JSON.parse(answer.text());
  } catch {
    json = undefined;
  }
  const parsed = TokenAnswer.safeParse(json);
  if (!parsed.success) {
    throw new HeadgateError(
      'malformed',
      `${redactUrl(url)}: the answer holds no access_token; is this the token endpoint?`,
    );
  }
  const { access_token: token, expires_in: seconds } = parsed.data;
  return { token, life: seconds === undefined ? ASSUMED_LIFE : seconds * 1_000 };
}
