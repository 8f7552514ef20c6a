import { createHmac, timingSafeEqual } from 'node:crypto';
import { HeadgateError } from '../domain/error.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Secret } from './secret.ts';

/** How far the clocks of sender and receiver may be apart. */
const TOLERANCE: DurationMs = 300_000;

/** A message as it is signed. `id` stays the same over retries; it may not hold a dot. */
export interface SignedMessage {
  readonly id: string;
  readonly body: string | Uint8Array;
}

export type SignatureHeaders = Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>;

/**
 * The three headers of Standard Webhooks 1.0 (standardwebhooks.com): `webhook-id`, `webhook-timestamp` in seconds, and
 * `webhook-signature` with one `v1,…` (HMAC-SHA256 of `id.timestamp.body`, base64) for each secret, so that a receiver can
 * move from the old secret to the new one.
 *
 * @param secrets `whsec_` and base64 of 24 to 64 bytes, at least one; the newest first.
 * @throws HeadgateError `bad-config` where a secret has another form.
 */
export function signWebhook(message: SignedMessage, secrets: readonly Secret[], now: EpochMs): SignatureHeaders {
  if (secrets.length === 0) throw new HeadgateError('bad-config', 'a webhook cannot be signed without a secret');
  if (message.id === '' || message.id.includes('.'))
    throw new HeadgateError('internal', 'a webhook id is not empty and holds no dot');
  const timestamp = String(Math.floor(now / 1_000));
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets
      .map((secret) => `v1,${digest(message, timestamp, secret).toString('base64')}`)
      .join(' '),
  };
}

/** Why a message is not believed. */
export type SignatureFault = 'missing-header' | 'bad-timestamp' | 'too-old' | 'too-new' | 'no-match';

/**
 * Checks a received message in constant time. Signatures of other versions than v1 are passed over.
 *
 * @param headers by lower-case name, as Node gives them.
 * @returns the fault, or `undefined` where one signature fits one of the secrets and the time is right.
 */
export function signatureFault(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: string | Uint8Array,
  secrets: readonly Secret[],
  now: EpochMs,
): SignatureFault | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string')
    return 'missing-header';
  if (!/^\d{1,12}$/.test(timestamp)) return 'bad-timestamp';
  const age = now - Number(timestamp) * 1_000;
  if (age > TOLERANCE) return 'too-old';
  if (age < -TOLERANCE) return 'too-new';
  const wanted = secrets.map((secret) => digest({ id, body }, timestamp, secret));
  const given = signatures
    .split(' ')
    .filter((one) => one.startsWith('v1,'))
    .map((one) => Buffer.from(one.slice(3), 'base64'));
  const fits = given.some((one) => wanted.some((want) => one.length === want.length && timingSafeEqual(one, want)));
  return fits ? undefined : 'no-match';
}

function digest({ id, body }: SignedMessage, timestamp: string, secret: Secret): Buffer {
  return createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest();
}

function keyOf(secret: Secret): Buffer {
  const text = secret.reveal().trim();
  const base64 = text.startsWith('whsec_') ? text.slice('whsec_'.length) : text;
  const key = Buffer.from(base64, 'base64');
  // Buffer drops what is no base64; only what comes back unchanged was meant so.
  const whole = key.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '');
  if (whole && key.length >= 24 && key.length <= 64) return key;
  throw new HeadgateError(
    'bad-config',
    'a signing secret is whsec_ and base64 of 24 to 64 bytes; make one with: echo "whsec_$(openssl rand -base64 32)"',
  );
}
