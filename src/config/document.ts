import { type Document, isAlias, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { type Environment, substitute } from './environment.ts';
import { spotOf } from './node-at.ts';
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
  /** True where the value at `path` lacks a variable: what is wrong with it besides follows from that. */
  lacks(path: Path): boolean;
}

/** Reads YAML 1.2 text with the position of everything in it. Never throws. */
export function readDocument(text: string, env: Environment): ParsedDocument {
  const nothing = {
    value: undefined,
    sound: false,
    used: new Map<string, string>(),
    place: () => ({ line: 1, col: 1 }),
    lacks: () => false,
  };
  if (Buffer.byteLength(text) > MAX_BYTES)
    return { ...nothing, failures: [{ line: 1, col: 1, message: 'the file is larger than 4 MiB' }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'silent' });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), col: Math.max(1, col) };
  };
  const failures = telling(document.errors).map(({ code, message, pos }) => {
    const braces = code === 'UNEXPECTED_TOKEN' && text[pos[0]] === '{' ? '; text with { in it wants quotes here' : '';
    return { ...at(pos[0]), message: `${explain(code, message)}${braces}` };
  });
  const sound = document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  if (!sound) return { ...nothing, failures };
  const twisted = misused(document).map(({ offset, message }) => ({ ...at(offset), message }));
  if (twisted.length > 0) return { ...nothing, failures: [...failures, ...twisted] };
  const { used, failures: missing } = substitute(document, env);
  failures.push(...missing.map(({ offset, message }) => ({ ...at(offset), message })));
  const lacking = new Set(missing.map(({ offset }) => offset));
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    const place = (path: Path) => at(spotOf(document, path).offset);
    const lacks = (path: Path) => lacking.has(spotOf(document, path).value ?? -1);
    return { value, failures, sound, used, place, lacks };
  } catch {
    const bomb = { line: 1, col: 1, message: 'aliases (*name) multiply the file beyond reason' };
    return { ...nothing, failures: [...failures, bomb] };
  }
}

/** An error that breaks the structure draws a tail of others behind it, which go away with it: they are not told. */
function telling(errors: Document['errors']): Document['errors'] {
  const doubles = errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const [first, ...rest] = errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
  if (!first) return doubles;
  return [...doubles, first, ...rest.filter(({ code }) => !FOLLOWS.has(code))];
}

const FOLLOWS: ReadonlySet<string> = new Set(['UNEXPECTED_TOKEN', 'BAD_INDENT', 'MISSING_CHAR']);

/** What YAML allows and a config does not: keys that are no plain text, and aliases without an anchor before them. */
function misused(document: Document): { readonly offset: number; readonly message: string }[] {
  const found: { offset: number; message: string }[] = [];
  visit(document, {
    Pair(_, { key }) {
      const message = badKey(key);
      if (message !== undefined) found.push({ offset: (isNode(key) && key.range?.[0]) || 0, message });
    },
    Alias(_, alias) {
      if (alias.resolve(document) === undefined)
        found.push({ offset: alias.range?.[0] ?? 0, message: `no anchor &${alias.source} stands before this alias` });
    },
  });
  return found;
}

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
