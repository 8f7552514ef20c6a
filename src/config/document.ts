import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Pair, parseDocument, visit } from 'yaml';
import { type Environment, substitute } from './environment.ts';
import type { Path } from './problem.ts';

/** Larger files are refused unread: no pipeline needs them, and parsing would block for seconds. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Times the nodes may be multiplied by aliases; a few shared blocks stay far below, an alias bomb far above. */
const MAX_ALIASES = 200;

export interface Place {
  readonly line: number;
  readonly col: number;
}

export interface ParsedDocument {
  /** The file as plain objects, aliases and merge keys resolved, variables put in. */
  readonly value: unknown;
  readonly failures: readonly (Place & { readonly message: string })[];
  /** False where the structure itself is not to be trusted: then only `failures` is worth reading. */
  readonly sound: boolean;
  readonly used: ReadonlyMap<string, string>;
  /** Where the key (or list item) at `path` stands; the nearest one above it where the path is not in the file. */
  place(path: Path): Place;
}

/** Reads YAML 1.2 text with the position of everything in it. Never throws. */
export function readDocument(text: string, env: Environment): ParsedDocument {
  const nothing = {
    value: undefined,
    sound: false,
    used: new Map<string, string>(),
    place: () => ({ line: 1, col: 1 }),
  };
  if (Buffer.byteLength(text) > MAX_BYTES)
    return { ...nothing, failures: [{ line: 1, col: 1, message: 'the file is larger than 4 MiB' }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'silent' });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), col: Math.max(1, col) };
  };
  const failures = document.errors.map(({ code, message, pos }) => ({
    ...at(pos[0]),
    message: explain(code, message),
  }));
  const sound = document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  if (!sound) return { ...nothing, failures };
  visit(document, {
    Pair(_, { key }) {
      const bad = badKey(key);
      if (bad !== undefined) failures.push({ ...at((isNode(key) && key.range?.[0]) || 0), message: bad });
    },
  });
  const { used, failures: missing } = substitute(document, env);
  failures.push(...missing.map(({ offset, message }) => ({ ...at(offset), message })));
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { value, failures, sound, used, place: (path) => at(offsetOf(document.contents, path)) };
  } catch {
    return {
      ...nothing,
      failures: [...failures, { line: 1, col: 1, message: 'aliases (*name) multiply the file beyond reason' }],
    };
  }

  function offsetOf(root: unknown, path: Path): number {
    let node: unknown = root;
    let offset = startOf(root);
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(document);
      const next = isSeq(node) ? node.items[Number(part)] : findPair(node, String(part));
      if (next === undefined) return offset;
      offset = startOf(isPair(next) ? next.key : next);
      node = isPair(next) ? next.value : next;
    }
    return offset;
  }

  /** The pair of a key, also where a merge key (`<<: *base`) brought it in. */
  function findPair(node: unknown, key: string): Pair | undefined {
    if (!isMap(node)) return undefined;
    const own = node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
    if (own) return own;
    for (const pair of node.items) {
      if (!isScalar(pair.key) || pair.key.source !== '<<') continue;
      for (const base of isSeq(pair.value) ? pair.value.items : [pair.value]) {
        const found = findPair(isAlias(base) ? base.resolve(document) : base, key);
        if (found) return found;
      }
    }
    return undefined;
  }
}

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);

function badKey(key: unknown): string | undefined {
  if (isAlias(key)) return 'a key cannot be an alias';
  if (!isScalar(key)) return 'a key must be plain text';
  return key.value === '__proto__' ? 'a key cannot be named __proto__' : undefined;
}

/** The parser's message without the piece of source it may quote: that piece can be a secret. */
function explain(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'the same key stands twice; the second would hide the first';
  if (code === 'TAB_AS_INDENT') return 'a tab is used for indentation; YAML wants spaces';
  const plain = message.replace(/: ["'](?![\]})[({,:\-?]["']$)[\s\S]*$/, '').split('\n')[0] ?? '';
  return `this is not YAML: ${plain.charAt(0).toLowerCase()}${plain.slice(1)}`;
}
