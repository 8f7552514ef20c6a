import { createHash, createHmac, randomBytes } from 'node:crypto';
import { isMainThread, workerData } from 'node:worker_threads';
import type { z } from 'zod';
import { canonical } from './canonical.ts';
import { shapeOf } from './schema-walk.ts';

/**
 * Of this process only, so that a digest gives no handle on the secrets it covers. A thread that loads configs is given the key of
 * the process as its data, since what it loads is compared with what is in force.
 */
export const DIGEST_KEY: Uint8Array = isMainThread ? randomBytes(32) : (workerData as DigestKey).digestKey;

/** What such a thread is started with. */
export interface DigestKey {
  readonly digestKey: Uint8Array;
}

/** Equal for equal values within one process, secrets in the clear included. Says nothing to anybody else. */
export const digestOf = (raw: unknown): string =>
  createHmac('sha256', DIGEST_KEY).update(canonical(raw)).digest('base64url').slice(0, 22);

/** Equal for equal values on every machine and in every version. Secrets are masked before, by their own `toJSON`. */
export const fingerprintOf = (value: unknown): string =>
  createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16);

/** The keys that are not at their default: so that a new version with a new key, or a default written out, changes no fingerprint. */
export function withoutDefaults(schema: z.ZodType, parsed: unknown): unknown {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return parsed;
  const shape = shapeOf(schema);
  return Object.fromEntries(
    Object.entries(parsed).filter(([key, value]) => {
      const fallback = shape.get(key)?.safeParse(undefined);
      return !(fallback?.success && canonical(fallback.data) === canonical(value));
    }),
  );
}
