import type { Json } from './json.ts';
import type { AuditEntry, AuditLink } from './ports.ts';

/** SHA-256 of a text in UTF-8, as 64 lowercase hexadecimal digits. Handed in, since this room knows no `node:crypto`. */
export type Sha256 = (text: string) => string;

/** The place in the chain after which a link follows. */
export type ChainEnd = Pick<AuditLink, 'seq' | 'hash'>;

/** The end of the empty chain: the first link has seq 1 and this hash as `previous`. */
export const CHAIN_START: ChainEnd = { seq: 0, hash: '0'.repeat(64) };

/**
 * The link that follows `end`. Its hash is SHA-256 over the canonical JSON of `[seq, previous, at, actor, action, detail]`:
 * no white space, keys sorted by code unit, so that a store may keep the entry in any form that gives the same JSON value back.
 */
export function linkOf(entry: AuditEntry, end: ChainEnd, sha256: Sha256): AuditLink {
  const { at, actor, action, detail } = entry;
  const seq = end.seq + 1;
  const hash = sha256(canonical([seq, end.hash, at, actor, action, detail]));
  return { seq, at, actor, action, detail, previous: end.hash, hash };
}

export type AuditResult = { readonly ok: true } | { readonly ok: false; readonly brokenAt: number };

/**
 * Recomputes the chain. `links` are oldest first and follow `after`, so a long log is checked a page at a time.
 * `brokenAt` is the seq of the first link that is changed, or that does not follow the one before it (a removed, inserted or
 * swapped link). Links cut off at the end leave a whole chain behind: compare its last hash with one written down elsewhere.
 */
export function verifyAudit(links: readonly AuditLink[], sha256: Sha256, after: ChainEnd = CHAIN_START): AuditResult {
  let end = after;
  for (const link of links) {
    const expected = linkOf(link, end, sha256);
    if (link.seq !== expected.seq || link.previous !== end.hash || link.hash !== expected.hash) {
      return { ok: false, brokenAt: link.seq };
    }
    end = link;
  }
  return { ok: true };
}

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`;
}
