import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { canonical } from './canonical.ts';
import { shapeOf } from './schema-walk.ts';

/** Of this process only, so that a digest gives no handle on the secrets it covers. */
const KEY = randomBytes(32);

/** Equal for equal values within one process, secrets in the clear included. Says nothing to anybody else. */
export const digestOf = (raw: unknown): string =>
  createHmac('sha256', KEY).update(canonical(raw)).digest('base64url').slice(0, 22);

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
