import { isDeepStrictEqual } from 'node:util';
import { HeadgateError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { Target } from '../../kit/component.ts';
import type { HttpClient } from '../../kit/http-client.ts';
import { redactUrl } from '../../kit/http-error.ts';
import type { HttpAnswer } from '../../kit/http-exchange.ts';
import { resolvePointer } from '../../kit/json-pointer.ts';
import { secretOf } from '../../kit/secret.ts';
import { signWebhook } from '../../kit/signature.ts';
import { fillUrl } from './body.ts';
import type { HttpGateConfig } from './config.ts';

/** What the gate reads now, and the tag that makes a write conditional where the server gives one. */
export interface Standing {
  readonly value: Json;
  readonly etag: string | undefined;
}

/** One write. `id` is the same when the same write is tried again. */
export interface Write {
  readonly id: string;
  readonly body: Json;
  /** The write holds only where the gate has still this tag. */
  readonly etag: string | undefined;
}

/** Reads and writes the gate of one target at the user's endpoint. */
export interface RemoteGate {
  read(target: Target, abort: AbortSignal): Promise<Standing>;
  /** False where the gate has changed since it was read (412). */
  write(target: Target, write: Write, abort: AbortSignal): Promise<boolean>;
}

export function remoteGate(config: HttpGateConfig, client: HttpClient, now: () => number): RemoteGate {
  const secret = secretOf(config, 'signing_secret');
  return {
    read: async (target, abort) => {
      const url = fillUrl(config.read.url ?? config.url, target);
      const answer = await client.request({ url, headers: { accept: 'application/json' } }, abort);
      const value = resolvePointer(documentOf(answer, url), config.read.pointer) as Json | undefined;
      if (value === undefined) {
        throw new HeadgateError(
          'malformed',
          `GET ${redactUrl(url)}: nothing at read.pointer; what the gate is cannot be known`,
        );
      }
      const { etag } = answer.headers;
      // A weak tag does not say that the bytes are the same, and If-Match never takes one (RFC 9110 §13.1.1).
      return { value, etag: etag?.startsWith('"') ? etag : undefined };
    },
    write: async (target, { id, body, etag }, abort) => {
      const url = fillUrl(config.url, target);
      const text = JSON.stringify(body);
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': `"${id}"`,
        ...(etag !== undefined && { 'if-match': etag }),
        ...(secret && signWebhook({ id, body: text }, [secret], now())),
      };
      const accept = (status: number): boolean => status === 412 || status === 409;
      const { status } = await client.request({ url, method: config.method, headers, body: text, accept }, abort);
      if (status !== 409) return status !== 412;
      throw new HeadgateError(
        'conflict',
        `${config.method} ${redactUrl(url)}: answered 409; something else holds this gate`,
      );
    },
  };
}

function documentOf(answer: HttpAnswer, url: string): unknown {
  try {
    return JSON.parse(answer.text());
  } catch (cause) {
    throw new HeadgateError('malformed', `GET ${redactUrl(url)}: the answer is no JSON; check read.url`, { cause });
  }
}

/**
 * True where the gate reads what was sent: the same value, or a whole number next to it, since many gates keep only whole
 * numbers.
 */
export function isWhatWasSent(read: Json, sent: Json): boolean {
  if (isDeepStrictEqual(read, sent)) return true;
  if (typeof read !== 'number' || typeof sent !== 'number') return false;
  return Number.isInteger(read) && Math.abs(read - sent) < 1;
}
