import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { Secret } from '../kit/secret.ts';
import { Refusal } from './answer.ts';

/** Who may ask what. Made once the port is known. */
export interface GuardOptions {
  /** The address that is bound, as the socket says it. */
  readonly address: string;
  readonly port: number;
  readonly token?: Secret | undefined;
  /** `host` or `host:port` as a client may write them beside the loopback names: a proxy, a port forward. */
  readonly allowedHosts: readonly string[];
}

export interface Guard {
  /** True where nothing can be changed over HTTP: the bind is open to others and there is no token. */
  readonly readOnly: boolean;
  readonly needsToken: boolean;
  /** For every request: a page of another site that rebinds its name to a loopback address is turned away. */
  checkHost(headers: IncomingHttpHeaders): void;
  /** For requests that change something, after `checkHost`. */
  checkWrite(headers: IncomingHttpHeaders): void;
}

/** True for 127.0.0.0/8, ::1 and its IPv4-mapped spelling. */
export const isLoopback = (address: string): boolean =>
  address === '::1' || (isIP(address.replace(/^::ffff:/i, '')) === 4 && /^(::ffff:)?127\./i.test(address));

/** @throws (from its checks) Refusal 401, 403, 503 */
export function createGuard({ address, port, token, allowedHosts }: GuardOptions): Guard {
  const loopback = isLoopback(address);
  const hosts = new Set([...loopbackHosts(address, port), ...allowedHosts.map((host) => host.toLowerCase())]);
  return {
    readOnly: token === undefined && !loopback,
    needsToken: token !== undefined,
    checkHost: (headers) => {
      if (loopback && !isAllowed(headers.host, hosts)) throw foreignHost(headers.host);
    },
    checkWrite: (headers) => {
      if (token !== undefined) return checkToken(headers.authorization, token);
      if (!loopback) throw readOnly();
      checkSameOrigin(headers);
    },
  };
}

const loopbackHosts = (address: string, port: number): string[] => {
  const bound = isIP(address) === 6 ? `[${address}]` : address;
  const names = ['localhost', '127.0.0.1', '[::1]', bound.toLowerCase()];
  // Without a port a client means the default one.
  return names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
};

/** A configured name without a port stands for that name with any port. */
const isAllowed = (host: string | undefined, hosts: ReadonlySet<string>): boolean => {
  const text = host?.toLowerCase();
  return text !== undefined && (hosts.has(text) || hosts.has(text.replace(/:\d+$/, '')));
};

const foreignHost = (host: string | undefined): Refusal =>
  new Refusal(
    403,
    'foreign-host',
    `the Host header ${host === undefined ? 'is missing' : `"${host.slice(0, 100)}" is not one of ours`}; ` +
      'open the page at its loopback address, or add the name to server.allowed_hosts',
  );

const readOnly = (): Refusal =>
  new Refusal(
    403,
    'read-only',
    'the API is read-only because the server listens beyond loopback without a token; ' +
      'set server.token_file, or listen on 127.0.0.1',
  );

function checkToken(authorization: string | undefined, token: Secret): void {
  const given = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
  let wanted: string;
  try {
    wanted = token.reveal();
  } catch {
    throw new Refusal(503, 'no-token', 'the file of server.token_file cannot be read; check its path and permissions');
  }
  // An empty file must not become a token that everybody knows.
  if (wanted === '')
    throw new Refusal(503, 'no-token', 'the file of server.token_file is empty; write a token into it');
  if (given !== undefined && sameText(given, wanted)) return;
  throw new Refusal(
    401,
    'unauthorized',
    given === undefined ? 'send Authorization: Bearer TOKEN with the token of server.token_file' : 'the token is wrong',
    { 'WWW-Authenticate': 'Bearer realm="headgate"' },
  );
}

/** Compares in a time that tells nothing of where the texts differ, nor of their lengths. */
const sameText = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

/** Without a token the request must come from our own page or from a program, never from a page of another site. */
function checkSameOrigin(headers: IncomingHttpHeaders): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  // The scheme may differ where a proxy ends TLS; name and port may not.
  const foreign = origin !== undefined && origin.toLowerCase().replace(/^https?:\/\//, '') !== host?.toLowerCase();
  if (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none'))
    throw new Refusal(403, 'foreign-origin', 'commands are taken from our own page and from programs only');
  // A form or a simple request of another site cannot set this header, and we answer no preflight.
  if (headers['x-headgate'] !== '1')
    throw new Refusal(403, 'header-missing', 'send the header X-Headgate: 1 with every command');
}
