import { type ErrorCode, HeadgateError } from '../../domain/error.ts';
import type { DurationMs } from '../../domain/time.ts';
import { networkError } from '../../kit/http-error.ts';
import { guardedLookup } from '../../kit/http-guard.ts';
import { lazyImport } from '../../kit/lazy-import.ts';
import { limiter } from '../../kit/limits.ts';
import { type Secret, secretOf } from '../../kit/secret.ts';
import { type Tls, tlsOptions } from '../../kit/tls.ts';

/** Where a server is and who we are towards it. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  readonly password_file?: Secret | undefined;
  /** Undefined: plain TCP. */
  readonly tls?: Tls | undefined;
  readonly timeout: DurationMs;
}

/** Sends one command; the answer is in RESP2, so that every version since 5.0 says the same. */
export type Send = (...command: string[]) => Promise<unknown>;

export interface Connection {
  /** Runs a conversation of several commands. The connection is made when it is needed, and anew after it broke. */
  use<T>(talk: (send: Send) => Promise<T>, abort: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

const VERSION = '6.3.1';
/** Conversations at a time on the one socket; the daemon's own limit for the source is lower. */
const MOST = 64;

/**
 * One socket for all probes of a source; commands are pipelined. A conversation that is not done in time cuts the socket:
 * a peer that is silent may be gone without a word, and the next conversation starts on a new one.
 */
export function connect(address: Address): Connection {
  const what = `redis ${address.host}:${address.port}`;
  const limits = limiter(what, { concurrency: MOST, queue: 10_000, timeout: address.timeout });
  const closing = new AbortController();
  let open: Session | undefined;

  const session = (): Session => {
    if (open && !open.isOver()) return open;
    open = openSession(address, what);
    return open;
  };

  return {
    use: async (talk, given) => {
      if (closing.signal.aborted) throw new HeadgateError('aborted', `${what}: the source has been closed`);
      const abort = AbortSignal.any([given, closing.signal]);
      return limits.run(async (inner) => {
        const { send, cut } = session();
        const onTimeout = (): void => {
          if (!given.aborted) cut();
        };
        inner.addEventListener('abort', onTimeout, { once: true });
        try {
          return await talk(await send);
        } finally {
          inner.removeEventListener('abort', onTimeout);
        }
      }, abort);
    },
    close: async () => {
      closing.abort();
      open?.cut();
    },
  };
}

interface Session {
  readonly send: Promise<Send>;
  isOver(): boolean;
  /** Cuts the socket, also one that is still being opened; whoever waits for an answer gets an error. */
  cut(): void;
}

function openSession(address: Address, what: string): Session {
  let over = false;
  let broken: unknown;
  let destroy = (): void => {};
  const cut = (): void => {
    over = true;
    destroy();
  };
  const opening = async (): Promise<Send> => {
    const { createClient } = await lazyImport('redis', VERSION, () => import('redis'));
    const client = createClient({
      RESP: 2,
      socket: socketOf(address),
      ...(address.username !== undefined && { username: address.username }),
      ...passwordOf(address),
      database: address.database,
      disableClientInfo: true,
      maintNotifications: 'disabled',
    });
    destroy = () => client.destroy();
    // What is not RESP, and a socket that breaks, come here; the commands in flight then fail by `broken`.
    client.on('error', (error) => {
      broken ??= error;
      cut();
    });
    client.on('end', () => {
      over = true;
    });
    if (over) throw new HeadgateError('aborted', `${what}: given up`);
    await client.connect();
    return async (...command) => {
      try {
        return await client.sendCommand(command);
      } catch (thrown) {
        throw meaningOf(what, broken ?? thrown);
      }
    };
  };
  const send = opening().catch((thrown: unknown) => {
    cut();
    throw meaningOf(what, broken ?? thrown);
  });
  // Where everybody has given up waiting nobody hears of it.
  send.catch(() => {});
  return { send, isOver: () => over, cut };
}

function socketOf({ host, port, tls, timeout }: Address) {
  const common = { host, port, connectTimeout: timeout, reconnectStrategy: false, lookup: guardedLookup } as const;
  return tls ? { ...common, tls: true as const, servername: host, ...tlsOptions(tls) } : common;
}

function passwordOf(address: Address): { password?: string } {
  const secret = secretOf(address, 'password');
  return secret ? { password: secret.reveal() } : {};
}

/** What Redis says by the first word of an error; advice is for people. */
const REFUSALS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  WRONGPASS: ['unauthorized', 'check username and password_file'],
  NOAUTH: ['unauthorized', 'it wants a password; set password_file, and username where ACL users are used'],
  NOPERM: [
    'unauthorized',
    'ACL SETUSER <name> +xinfo +xpending +xrange +xlen +time ~<stream> allows all that is asked',
  ],
  LOADING: ['unreachable', 'it is still reading its data from disk'],
  BUSY: ['unreachable', 'a script keeps it busy'],
  MASTERDOWN: ['unreachable', 'it is a replica whose primary is away'],
  MOVED: ['unsupported', 'it is a node of a cluster that does not hold this stream; name the node that does'],
  CLUSTERDOWN: ['unreachable', 'the cluster is down'],
  WRONGTYPE: ['rejected', 'there is something else than a stream under that key'],
};

/** Any error of the client as one of ours. Texts of Redis name commands and users, never passwords. */
export function meaningOf(what: string, thrown: unknown): HeadgateError {
  if (thrown instanceof HeadgateError) return thrown;
  const error = thrown as NodeJS.ErrnoException;
  const text = String(error.message ?? thrown).slice(0, 200);
  const refusal = REFUSALS[/^[A-Z]+/.exec(text)?.[0] ?? ''];
  if (refusal) return new HeadgateError(refusal[0], `${what}: ${text}; ${refusal[1]}`, { cause: thrown });
  if (/^ERR .*(AUTH|password)/.test(text)) {
    return new HeadgateError('unauthorized', `${what}: ${text}; check username and password_file`, { cause: thrown });
  }
  const { name } = error.constructor ?? {};
  if (name === 'ErrorReply' || name === 'SimpleError' || name === 'BlobError') {
    return new HeadgateError('rejected', `${what}: ${text}`, { cause: thrown });
  }
  if (name === 'ConnectionTimeoutError') {
    return new HeadgateError('timeout', `${what}: no connection in time; is the host right?`, { cause: thrown });
  }
  if (/RESP|Unknown.*type|Protocol/i.test(text)) {
    return new HeadgateError('malformed', `${what}: what answers there is not Redis; check the port`, {
      cause: thrown,
    });
  }
  return networkError(what, error.code === undefined ? { code: 'ECONNRESET' } : error);
}
