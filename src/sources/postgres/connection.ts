import { Socket } from 'node:net';
import type { Client, QueryConfig } from 'pg';
import { HeadgateError } from '../../domain/error.ts';
import type { DurationMs } from '../../domain/time.ts';
import { guardedLookup } from '../../kit/http-guard.ts';
import { lazyImport } from '../../kit/lazy-import.ts';
import { limiter } from '../../kit/limits.ts';
import { type Secret, secretOf } from '../../kit/secret.ts';
import { type Tls, tlsOptions } from '../../kit/tls.ts';
import { meaningOf } from './error.ts';

/** Where a server is, who we are towards it, and how much of it we may take. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: Secret | undefined;
  readonly password_file?: Secret | undefined;
  /** Undefined: without TLS. */
  readonly tls?: Tls | undefined;
  readonly application_name: string;
  readonly connections: number;
  readonly timeout: DurationMs;
  readonly statement_timeout: DurationMs;
}

export type Row = Readonly<Record<string, unknown>>;

/** One statement with its parameters, over the extended protocol: the server takes no second statement behind it. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

export interface Database {
  /** Runs a conversation within one READ ONLY transaction. */
  read<T>(talk: (query: Query) => Promise<T>, abort: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

const VERSION = '8.23.1';
const LOCK_TIMEOUT: DurationMs = 1_000;

/**
 * A few connections that are made when they are needed and kept. One that is not done in time, or whose probe was given up,
 * is cut: what is left of its statement ends there by statement_timeout.
 */
export function openDatabase(address: Address): Database {
  const what = `postgres ${address.host}:${address.port}/${address.database}`;
  const { connections: concurrency, timeout } = address;
  const limits = limiter(what, { concurrency, queue: 10_000, timeout });
  const closing = new AbortController();
  const idle: Session[] = [];
  const error = (thrown: unknown): HeadgateError => meaningOf(what, address.user, thrown);

  const converse = async <T>(talk: (query: Query) => Promise<T>, abort: AbortSignal): Promise<T> => {
    let session = idle.pop();
    while (session?.isOver()) session = idle.pop();
    session ??= openSession(address);
    const { client, cut, isOver } = session;
    abort.addEventListener('abort', cut, { once: true });
    try {
      const own = await client;
      const result = await inTransaction(own, address.statement_timeout, talk);
      if (!closing.signal.aborted && !abort.aborted && !isOver()) idle.push(session);
      else cut();
      return result;
    } catch (thrown) {
      // Whatever went wrong: a new connection costs some milliseconds, one in a doubtful state could cost more.
      cut();
      throw error(thrown);
    } finally {
      abort.removeEventListener('abort', cut);
    }
  };

  return {
    read: async (talk, given) => {
      if (closing.signal.aborted) throw new HeadgateError('aborted', `${what}: the source has been closed`);
      return limits.run((inner) => converse(talk, inner), AbortSignal.any([given, closing.signal]));
    },
    close: async () => {
      closing.abort();
      for (const session of idle.splice(0)) session.cut();
    },
  };
}

async function inTransaction<T>(
  client: Client,
  statementTimeout: DurationMs,
  talk: (query: Query) => Promise<T>,
): Promise<T> {
  // Set within the transaction, not at the start of the connection, where poolers such as PgBouncer refuse it.
  await client.query(
    `BEGIN READ ONLY; SET LOCAL statement_timeout = ${Math.ceil(statementTimeout)}; SET LOCAL lock_timeout = ${LOCK_TIMEOUT}; ` +
      `SET LOCAL TimeZone = 'UTC'; SET LOCAL extra_float_digits = 1`,
  );
  const result = await talk(async (text, values = []) => {
    // Without a parameter the client would speak the simple protocol, in which several statements may stand in one text.
    const statement: QueryConfig & { queryMode: 'extended' } = { text, values: [...values], queryMode: 'extended' };
    return (await client.query<Record<string, unknown>>(statement)).rows;
  });
  await client.query('COMMIT');
  return result;
}

interface Session {
  readonly client: Promise<Client>;
  isOver(): boolean;
  /** Ends the connection at once, also one that is still being made. */
  cut(): void;
}

function openSession(address: Address): Session {
  const socket = new Socket();
  let over = false;
  const cut = (): void => {
    over = true;
    socket.destroy();
  };
  socket.on('close', () => {
    over = true;
  });
  const opening = async (): Promise<Client> => {
    const { Client } = (await lazyImport('pg', VERSION, () => import('pg'))).default;
    const secret = secretOf(address, 'password');
    const client = new Client({
      host: address.host,
      port: address.port,
      database: address.database,
      user: address.user,
      ...(secret && { password: secret.reveal() }),
      ssl: address.tls ? { servername: address.host, ...tlsOptions(address.tls) } : false,
      application_name: address.application_name,
      connectionTimeoutMillis: address.timeout,
      stream: () => guarded(socket),
    });
    // A connection that breaks while nobody uses it says so here; it is found over when it is taken.
    client.on('error', cut);
    if (over) throw new HeadgateError('aborted', 'given up');
    await client.connect();
    return client;
  };
  const client = opening();
  // Where everybody has given up waiting nobody hears of it.
  client.catch(() => {});
  return { client, isOver: () => over, cut };
}

/** The client connects by host and port alone; the look-up is ours, which refuses metadata addresses. */
function guarded(socket: Socket): Socket {
  const connect = socket.connect.bind(socket) as (options: object) => Socket;
  return Object.assign(socket, {
    connect: (port: number, host: string) => connect({ port, host, lookup: guardedLookup }),
  });
}
