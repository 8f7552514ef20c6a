import { z } from 'zod';

/** The reference tokens of a JSON Pointer, unescaped. The empty list is the whole document. */
export type JsonPointer = readonly string[];

/**
 * Reads a JSON Pointer (RFC 6901), such as `/jobs/0/lag` or `/a~1b`.
 *
 * @returns its tokens, or `undefined` where the text is no pointer.
 * @example
 * parsePointer('/a~1b/0') // ['a/b', '0']
 */
export function parsePointer(text: string): JsonPointer | undefined {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined;
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * What the pointer points at; `undefined` where there is nothing. Only own properties count, and array indices are digits
 * without leading zeros. `-` (past the end) points at nothing.
 */
export function resolvePointer(document: unknown, pointer: JsonPointer): unknown {
  let at: unknown = document;
  for (const token of pointer) {
    if (Array.isArray(at)) at = /^(0|[1-9]\d{0,9})$/.test(token) ? at[Number(token)] : undefined;
    else if (typeof at === 'object' && at !== null)
      at = Object.hasOwn(at, token) ? (at as Record<string, unknown>)[token] : undefined;
    else return undefined;
  }
  return at;
}

/** A JSON Pointer in config; its tokens after parsing. */
export const Pointer = z
  .string()
  .meta({ description: 'JSON Pointer (RFC 6901), such as /jobs/0/lag.', examples: ['/lag', '/jobs/0/lag'] })
  .transform((text, context): JsonPointer => {
    const tokens = parsePointer(text);
    if (tokens) return tokens;
    context.addIssue({ code: 'custom', message: `want a JSON Pointer such as /jobs/0/lag, got "${text}"` });
    return z.NEVER;
  });
