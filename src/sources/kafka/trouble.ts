import { type ErrorCode, HeadgateError } from '../../domain/error.ts';
import { networkError } from '../../kit/http-error.ts';

/** Error codes of the Kafka protocol that are told apart (kafka.apache.org/protocol, "Error Codes"). */
export const KAFKA_ERROR = {
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  INVALID_TOPIC: 17,
  TOPIC_AUTHORIZATION_FAILED: 29,
  GROUP_AUTHORIZATION_FAILED: 30,
  GROUP_ID_NOT_FOUND: 69,
} as const;

/** What is known of leaders is out of date: ask for it anew. */
const STALE: ReadonlySet<number> = new Set([
  KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION,
  5, // LEADER_NOT_AVAILABLE
  6, // NOT_LEADER_OR_FOLLOWER
  9, // REPLICA_NOT_AVAILABLE
  56, // KAFKA_STORAGE_ERROR
  74, // FENCED_LEADER_EPOCH
  75, // UNKNOWN_LEADER_EPOCH
  78, // OFFSET_NOT_AVAILABLE
  100, // UNKNOWN_TOPIC_ID
  103, // INCONSISTENT_TOPIC_ID
]);

/** The coordinator of a group is on its way to another broker, or still reads its log. */
const COORDINATOR: ReadonlySet<number> = new Set([14, 15, 16]);

export const isStale = (code: number): boolean => STALE.has(code);
export const isCoordinatorMoving = (code: number): boolean => COORDINATOR.has(code);

/** What the brokers knew of who leads and who coordinates has changed since it was asked; asking again may do. */
export class StaleError extends Error {}

const MEANINGS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  [KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION]: ['not-found', 'there is no such topic; check the name'],
  [KAFKA_ERROR.INVALID_TOPIC]: ['not-found', 'this cannot be the name of a topic'],
  [KAFKA_ERROR.TOPIC_AUTHORIZATION_FAILED]: ['unauthorized', 'not allowed; grant this user DESCRIBE on the topic'],
  [KAFKA_ERROR.GROUP_AUTHORIZATION_FAILED]: ['unauthorized', 'not allowed; grant this user DESCRIBE on the group'],
  5: ['server-error', 'has no leader; look at the brokers that hold it'],
  14: ['server-error', 'its coordinator is still loading; the next probe will find it'],
  15: ['server-error', 'its coordinator is not available; look at the brokers that hold __consumer_offsets'],
  16: ['server-error', 'its coordinator is moving; the next probe will find it'],
  24: ['rejected', 'this cannot be the name of a group'],
  31: ['unauthorized', 'not allowed; grant this user DESCRIBE on the cluster'],
  35: ['unsupported', 'the brokers do not know this version of the protocol; Apache Kafka 3.1 or newer is needed'],
  89: ['rate-limited', 'the brokers throttle this client; raise its quota or ask less often'],
};

/** What an error code in an answer means. `what` is what was asked, such as `kafka topic "raw"`. */
export function codeTrouble(what: string, code: number): HeadgateError {
  const [kind, text] = MEANINGS[code] ?? ['server-error', `the brokers answered with error ${code}`];
  return new HeadgateError(kind, `${what}: ${text}`);
}

/** Errors of the client, as far as they are looked into; the package is loaded late, so that its classes cannot be. */
interface ClientError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly apiId?: string;
  readonly apiCode?: number;
  readonly errors?: readonly unknown[];
  readonly cause?: unknown;
}

/** What a failed connection or request means. `what` is who was asked, such as `kafka a:9092, b:9092`. */
export function clientTrouble(what: string, thrown: unknown): HeadgateError {
  const all = flatten(thrown, 0);
  const own = all.find((one) => one instanceof HeadgateError);
  if (own instanceof HeadgateError) return own;
  const has = (test: (one: ClientError) => unknown): boolean => all.some(test);
  const fail = (code: ErrorCode, text: string) => new HeadgateError(code, `${what}: ${text}`, { cause: thrown });
  if (has(({ apiId }) => apiId === 'UNSUPPORTED_SASL_MECHANISM'))
    return fail(
      'unauthorized',
      'the listener does not take this SASL mechanism; set sasl.mechanism as it is configured',
    );
  if (has(({ code, apiId }) => code === 'PLT_KFK_AUTHENTICATION' || apiId === 'SASL_AUTHENTICATION_FAILED'))
    return fail(
      'unauthorized',
      'the credentials are refused; check user name, password or token, and mechanism under sasl',
    );
  if (has(({ message }) => message === 'Broker requires TLS.'))
    return fail('unreachable', 'the listener speaks TLS; add tls to the source');
  if (has(({ message }) => message?.startsWith('TLS handshake failed')))
    return fail(
      'unreachable',
      'the TLS handshake failed; does the listener speak TLS, and does it want a client certificate?',
    );
  const system = all.find(({ code }) => code !== undefined && !code.startsWith('PLT_KFK_'));
  if (system) return networkError(what, system);
  const protocol = all.find(({ apiCode }) => apiCode !== undefined);
  if (protocol) return codeTrouble(what, protocol.apiCode as number);
  if (has(({ message }) => /timed out/.test(message ?? ''))) return fail('timeout', 'no answer in time');
  if (has(({ code }) => code === 'PLT_KFK_UNSUPPORTED_COMPRESSION'))
    return fail('unsupported', 'the records are compressed in a way that this build cannot read; set exact: false');
  if (has(({ code }) => code === 'PLT_KFK_NETWORK'))
    return fail('unreachable', 'the connection was closed; does the listener want SASL or TLS? set sasl or tls');
  return fail('malformed', 'the answer cannot be read; is this the port of a Kafka broker?');
}

function flatten(thrown: unknown, depth: number): readonly ClientError[] {
  if (typeof thrown !== 'object' || thrown === null || depth > 8) return [];
  const error = thrown as ClientError;
  return [error, ...[...(error.errors ?? []), error.cause].flatMap((one) => flatten(one, depth + 1))];
}
