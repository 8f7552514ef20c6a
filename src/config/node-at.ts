import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, type Pair } from 'yaml';
import type { Path } from './problem.ts';

export interface Spot {
  /** Byte offset of the key, or of the list item. */
  readonly offset: number;
  /** Byte offset of the value, where the path leads to one. */
  readonly value: number | undefined;
}

/** Where `path` stands in a document; the nearest place above it where the path is not there. Follows aliases and merges. */
export function spotOf(document: Document, path: Path): Spot {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    const next = below(document, node, part);
    if (next === undefined) return { offset, value: undefined };
    offset = startOf(isPair(next) ? next.key : next) ?? offset;
    node = isPair(next) ? next.value : next;
  }
  return { offset, value: startOf(node) };
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

function below(document: Document, node: unknown, part: string | number): unknown {
  const real = isAlias(node) ? node.resolve(document) : node;
  return isSeq(real) ? real.items[Number(part)] : findPair(document, real, String(part));
}

/** The pair of a key, also where a merge key (`<<: *base`) brought it in. */
function findPair(document: Document, node: unknown, key: string): Pair | undefined {
  if (!isMap(node)) return undefined;
  const own = node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
  if (own) return own;
  for (const pair of node.items) {
    if (!isScalar(pair.key) || pair.key.source !== '<<') continue;
    for (const base of isSeq(pair.value) ? pair.value.items : [pair.value]) {
      const found = findPair(document, isAlias(base) ? base.resolve(document) : base, key);
      if (found) return found;
    }
  }
  return undefined;
}
