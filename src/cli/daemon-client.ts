import { readFileSync } from 'node:fs';
import type { parseArgs } from 'node:util';
import { HeadgateError } from '../domain/error.ts';

/** Options of every command that talks to a running daemon. */
export const CLIENT_OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:9464' },
  'token-file': { type: 'string' },
  by: { type: 'string' },
  format: { type: 'string', default: 'text' },
} as const;

export const CLIENT_USAGE = `  --url URL          address of the daemon (http://127.0.0.1:9464)
  --token-file FILE  token of the daemon, where it asks for one
  --by NAME          who asks, for the audit log (the user's login name)
  --format json      for machines`;

export interface DaemonClient {
  get<T>(path: string): Promise<T>;
  post(path: string, body: Readonly<Record<string, unknown>>): Promise<void>;
}

type ClientValues = ReturnType<typeof parseArgs<{ options: typeof CLIENT_OPTIONS }>>['values'];

/** A client of the daemon's API with the headers that its guard asks for. */
export function daemonClient(values: ClientValues, env: Readonly<Record<string, string | undefined>>): DaemonClient {
  const token = values['token-file'] === undefined ? undefined : readFileSync(values['token-file'], 'utf8').trim();
  const by = values.by ?? env.USER ?? env.LOGNAME ?? 'cli';
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const url = new URL(path, values.url);
    const headers = { 'x-headgate': '1', ...(token ? { authorization: `Bearer ${token}` } : {}), ...init.headers };
    const response = await fetch(url, { ...init, headers, redirect: 'error' }).catch((cause: unknown) => {
      throw new HeadgateError('unreachable', `no daemon answers at ${values.url}; is it running, and is --url right?`, {
        cause,
      });
    });
    if (response.ok) return response;
    const body = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
    throw new HeadgateError(
      'rejected',
      body?.error?.message ?? `the daemon answered ${response.status} to ${url.pathname}`,
    );
  };
  return {
    get: async <T>(path: string) => (await ask(path, {})).json() as Promise<T>,
    async post(path, body) {
      await ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, by }),
      });
    },
  };
}
