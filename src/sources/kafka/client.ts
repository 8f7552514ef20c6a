import { isIP } from 'node:net';
import type {
  Broker,
  Connection,
  ConnectionOptions,
  ConnectionPool,
  SASLMechanismValue,
  SASLOptions,
} from '@platformatic/kafka';
import { HeadgateError } from '../../domain/error.ts';
import type { Clock } from '../../domain/ports.ts';
import { httpRequest } from '../../kit/http.ts';
import { httpAgents } from '../../kit/http-exchange.ts';
import { lazyImport } from '../../kit/lazy-import.ts';
import { tokenCache } from '../../kit/oauth.ts';
import { secretOf } from '../../kit/secret.ts';
import { tlsOptions } from '../../kit/tls.ts';
import type { KafkaConfig, Sasl } from './config.ts';
import { clientTrouble } from './trouble.ts';

export type KafkaPackage = typeof import('@platformatic/kafka');

/** Versions of one request that are understood alike, newest first. */
export type Choices<Args extends unknown[], Answer> = (
  kafka: KafkaPackage,
) => readonly { readonly api: Api<Args, Answer> }[];

interface Api<Args extends unknown[], Answer> {
  readonly key: number;
  readonly version: number;
  async(connection: Connection, ...args: Args): Promise<Answer>;
}

/** Connections to the brokers of one cluster, opened as they are needed. */
export interface Client {
  /**
   * One question and its answer, which may hold error codes. `to` left out: any broker.
   *
   * @throws HeadgateError where there is no answer, and `unsupported` where the broker knows none of the versions.
   */
  request<Args extends unknown[], Answer>(
    to: Broker | undefined,
    name: string,
    choices: Choices<Args, Answer>,
    ...args: Args
  ): Promise<Answer>;
  /** Brokers to turn to where those of the config do not answer. */
  alsoKnown(brokers: readonly Broker[]): void;
  /** Cuts every socket; requests in flight fail. May be called twice, also before the first request. */
  close(): void;
}

type Versions = ReadonlyMap<number, { readonly minVersion: number; readonly maxVersion: number }>;

export function kafkaClient(config: KafkaConfig, clock: Clock): Client {
  const configured = config.brokers.map(brokerOf);
  const sasl = saslOf(config, clock);
  const open = new Set<Connection>();
  const versions = new WeakMap<Connection, Promise<Versions>>();
  let known: readonly Broker[] = [];
  let closed = false;
  let started: Promise<{ kafka: KafkaPackage; pool: ConnectionPool }> | undefined;
  let refuseNew = (): void => {};

  const start = async () => {
    const kafka = await lazyImport('@platformatic/kafka', '^2.12.1', () => import('@platformatic/kafka'));
    const pool = new kafka.ConnectionPool(config.client_id, connectionOptions(config, sasl.options));
    pool.on('connecting', ({ connection }) => watch(connection));
    refuseNew = () => pool.close(() => {});
    return { kafka, pool };
  };

  const watch = (connection: Connection): void => {
    open.add(connection);
    const end = (): void => {
      open.delete(connection);
      cut(connection);
    };
    // The client listens for the first error only; a second one would end the process.
    connection.on('error', end);
    connection.on('close', end);
  };

  const versionsOf = (kafka: KafkaPackage, connection: Connection): Promise<Versions> => {
    const asked = versions.get(connection) ?? askVersions(kafka, connection);
    versions.set(connection, asked);
    asked.catch(() => versions.delete(connection));
    return asked;
  };

  return {
    request: async (to, name, choices, ...args) => {
      if (closed) throw new HeadgateError('aborted', 'kafka: the connection has been closed');
      const whom = `kafka ${to ? `${to.host}:${to.port}` : config.brokers.join(', ')}`;
      try {
        started ??= start();
        const { kafka, pool } = await started;
        // Closed while the package was loaded: a socket opened now would have nobody to close it.
        if (closed) throw new HeadgateError('aborted', `${whom}: the connection has been closed`);
        const connection = await (to ? pool.get(to) : pool.getFirstAvailable([...configured, ...known]));
        const ranges = await versionsOf(kafka, connection);
        const fitting = choices(kafka).find(({ api }) => isWithin(ranges, api));
        if (!fitting) throw tooOld(whom, name);
        return await answerOf(fitting.api.async(connection, ...args));
      } catch (thrown) {
        if (closed) throw new HeadgateError('aborted', `${whom}: the connection has been closed`, { cause: thrown });
        throw clientTrouble(whom, thrown);
      }
    },
    alsoKnown: (brokers) => {
      known = brokers;
    },
    close: () => {
      closed = true;
      sasl.close();
      // Else the client would turn to the next broker as soon as the first is cut.
      refuseNew();
      for (const connection of open) cut(connection);
      open.clear();
    },
  };
}

/** Ends the timers of a connection, and its socket, which the client itself would leave half closed. */
function cut(connection: Connection): void {
  connection.close(() => {});
  connection.socket?.destroy();
}

function connectionOptions(config: KafkaConfig, sasl: SASLOptions | undefined): ConnectionOptions {
  const { tls, timeout, brokers } = config;
  const byName = brokers.every((broker) => isIP(brokerOf(broker).host) === 0);
  const options: ConnectionOptions = {
    // A broker that swallows packets must leave time to try the next one.
    connectTimeout: Math.max(100, Math.floor(timeout / (brokers.length + 1))),
    requestTimeout: timeout,
    ...(sasl && { sasl }),
    ...(tls && (tls.server_name ?? byName) && { tlsServerName: tls.server_name ?? true }),
  };
  // Read for each connection, so that renewed certificates need no restart.
  return tls ? Object.defineProperty(options, 'tls', { enumerable: true, get: () => tlsOptions(tls) }) : options;
}

function saslOf({ sasl, timeout }: KafkaConfig, clock: Clock) {
  const closing = new AbortController();
  const agents = httpAgents();
  const send: Parameters<typeof tokenCache>[2] = (ask) => httpRequest(ask, agents, closing.signal, {});
  const tokens = sasl?.oauth && tokenCache(sasl.oauth, clock, send);
  const token = (): Promise<string> | string =>
    tokens ? tokens.token(timeout, closing.signal) : revealed(sasl, 'token');
  const close = (): void => {
    closing.abort();
    agents.destroy();
  };
  if (!sasl) return { options: undefined, close };
  const mechanism = sasl.mechanism.toUpperCase() as SASLMechanismValue;
  const options: SASLOptions =
    sasl.mechanism === 'oauthbearer'
      ? { mechanism, token }
      : { mechanism, username: sasl.username ?? '', password: () => revealed(sasl, 'password') };
  return { options, close };
}

function revealed(sasl: Sasl | undefined, name: 'password' | 'token'): string {
  const text = (sasl && secretOf(sasl, name)?.reveal()) ?? '';
  if (text === '') throw new HeadgateError('bad-config', `kafka: the ${name} under sasl is empty; check its file`);
  return text;
}

async function askVersions(kafka: KafkaPackage, connection: Connection): Promise<Versions> {
  const { apiKeys } = await answerOf(kafka.apiVersionsV3.api.async(connection, 'headgate', '1'));
  return new Map(apiKeys.map((one) => [one.apiKey, one]));
}

/** The client throws answers that hold an error code; here the codes are looked at one by one. */
async function answerOf<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked;
  } catch (thrown) {
    const response = (thrown as { response?: Answer } | undefined)?.response;
    if (response === undefined) throw thrown;
    return response;
  }
}

function isWithin(ranges: Versions, { key, version }: Api<never, unknown>): boolean {
  const range = ranges.get(key);
  return range !== undefined && range.minVersion <= version && version <= range.maxVersion;
}

const tooOld = (whom: string, name: string): HeadgateError =>
  new HeadgateError('unsupported', `${whom}: knows no fitting version of ${name}; Apache Kafka 3.1 or newer is needed`);

function brokerOf(text: string): Broker {
  const cut = text.lastIndexOf(':');
  return { host: text.slice(0, cut).replace(/^\[|\]$/g, ''), port: Number(text.slice(cut + 1)) };
}
