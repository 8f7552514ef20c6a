import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHAIN_START, linkOf, verifyAudit } from '../../src/domain/audit.ts';
import type { AuditEntry, AuditLink } from '../../src/domain/ports.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function chain(entries: readonly AuditEntry[]): AuditLink[] {
  const links: AuditLink[] = [];
  for (const entry of entries) links.push(linkOf(entry, links.at(-1) ?? CHAIN_START, sha256));
  return links;
}

test('hashes canonical JSON, as anybody can with sha256sum', () => {
  const entry = { at: 5, actor: 'ann', action: 'release', detail: { b: [1, null], a: 'ü' } };
  const zeros = '0'.repeat(64);
  const text = `[1,"${zeros}",5,"ann","release",{"a":"ü","b":[1,null]}]`;
  // printf '%s' '[1,"000…",5,"ann","release",{"a":"ü","b":[1,null]}]' | sha256sum
  assert.equal(linkOf(entry, CHAIN_START, sha256).hash, sha256(text));
  assert.equal(linkOf(entry, CHAIN_START, (given) => given).hash, text);
});

test('does not depend on the order in which a store gives the keys of a detail back', () => {
  const [a, b] = [
    { x: 1, y: { p: 2, q: 3 } },
    { y: { q: 3, p: 2 }, x: 1 },
  ].map((detail) => linkOf({ at: 1, actor: 'a', action: 'b', detail }, CHAIN_START, sha256).hash);
  assert.equal(a, b);
});

test('finds an empty log whole, and any whole log after JSON took it away and back', () => {
  assert.deepEqual(verifyAudit([], sha256), { ok: true });
  const entry = fc.record({
    at: fc.integer(),
    actor: fc.string({ unit: 'binary' }),
    action: fc.string(),
    detail: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
  });
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const links = chain(entries);
      assert.deepEqual(verifyAudit(JSON.parse(JSON.stringify(links)), sha256), { ok: true });
    }),
  );
});

test('names the first link that anything was done to', () => {
  const entries = Array.from({ length: 6 }, (_, n) => ({ at: n, actor: 'ann', action: `a${n}`, detail: { n } }));
  const links = chain(entries);
  const changes: Partial<AuditLink>[] = [
    { at: 99 },
    { actor: 'eve' },
    { action: 'x' },
    { detail: { n: 7 } },
    { seq: 40 },
    { previous: '1'.repeat(64) },
    { hash: '1'.repeat(64) },
  ];
  for (const change of changes) {
    const tampered = links.map((link, index) => (index === 3 ? { ...link, ...change } : link));
    assert.deepEqual(verifyAudit(tampered, sha256), { ok: false, brokenAt: change.seq ?? 4 }, JSON.stringify(change));
  }
  assert.deepEqual(verifyAudit(links.toSpliced(2, 1), sha256), { ok: false, brokenAt: 4 });
  assert.deepEqual(verifyAudit(links.slice(1), sha256), { ok: false, brokenAt: 2 });
  // Somebody who writes the chain anew from a changed link on still cannot pass for its old end.
  const forged = chain(entries.map((entry, n) => (n === 3 ? { ...entry, actor: 'eve' } : entry)));
  assert.deepEqual(verifyAudit(forged.slice(5), sha256, links[4]), { ok: false, brokenAt: 6 });
});
