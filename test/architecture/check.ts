import { posix } from 'node:path';
import { importsOf } from './imports.ts';
import { OWN_PACKAGES, PURE_STEPS, type RoomRule, RULES } from './rules.ts';
import { type Token, tokensOf } from './tokens.ts';

/** A tree of sources: path below `src`, with forward slashes → text. */
export type Tree = ReadonlyMap<string, string>;

const CODE = /\.[cm]?[jt]sx?$/;

/** Checks every file of a tree against the rules; each complaint is `file:line what`. Empty means the house is in order. */
export function violationsOf(tree: Tree): string[] {
  return [...tree].flatMap(([file, text]) => {
    const rule = ruleOf(file);
    if (!rule) return [`${file}:1 is in no room that the rules name`];
    const tokens = tokensOf(text, { jsx: file.endsWith('.tsx') });
    const pure = rule.pure || PURE_STEPS.includes(file);
    return [...importFaults(file, rule, tokens, tree), ...(pure ? impurities(file, tokens) : [])];
  });
}

/** The name in the rules that a file belongs to, and the room itself: `sources/*` and `sources/kafka`. */
function roomOf(file: string): { name: string; room: string } | undefined {
  const fits = Object.keys(RULES).flatMap((name) => {
    const pattern = new RegExp(`^${name.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}(?=/|$)`);
    const room = pattern.exec(file)?.[0];
    return room === undefined || (name.includes('*') && room === file) ? [] : [{ name, room }];
  });
  return fits.sort((a, b) => b.room.length - a.room.length)[0];
}

const ruleOf = (file: string): RoomRule | undefined => RULES[roomOf(file)?.name ?? ''];

function importFaults(file: string, rule: RoomRule, tokens: readonly Token[], tree: Tree): string[] {
  return importsOf(tokens).flatMap(({ specifier, line, typeOnly }) => {
    const fault = judge(file, rule, specifier, typeOnly, tree);
    return fault === undefined ? [] : [`${file}:${line} ${fault}`];
  });
}

function judge(file: string, rule: RoomRule, specifier: string | undefined, typeOnly: boolean, tree: Tree) {
  if (specifier === undefined) return rule.rooms === 'any' ? undefined : 'imports a computed name';
  if (specifier.startsWith('node:')) return rule.node ? undefined : `must not import ${specifier}`;
  if (!/^\.\.?\//.test(specifier)) {
    const own = OWN_PACKAGES[roomOf(file)?.room ?? ''] ?? [];
    const allowed = [...(rule.packages ?? []), ...own].some(
      (name) => specifier === name || specifier.startsWith(`${name}/`),
    );
    return allowed ? undefined : `must not import package ${specifier}`;
  }
  const target = posix.join(posix.dirname(file), specifier);
  if (target.startsWith('..')) return rule.rooms === 'any' ? undefined : `must not leave src for ${specifier}`;
  const to = roomOf(target);
  // A style sheet or picture is no part of the tree; it belongs to the room it lies in all the same.
  if (!to || (CODE.test(target) && !tree.has(target))) return `imports ${target}, which is not there`;
  const from = roomOf(file);
  if (from?.room === to.room) return undefined;
  if (rule.rooms === 'any' || rule.rooms.includes(to.name)) return undefined;
  const forTypes = rule.types?.some((name) => name === to.name || name === target);
  if (forTypes) return typeOnly ? undefined : `must import only types from ${target}`;
  return `must not import ${target}`;
}

/** Bare names that reach for the world. A member of that name (`ports.process`) is somebody else's. */
const WORLD = new Set(
  'process performance crypto console fetch setTimeout setInterval setImmediate queueMicrotask globalThis'.split(' '),
);

function impurities(file: string, tokens: readonly Token[]): string[] {
  return tokens.flatMap((token, at) => {
    const call = impureAt(tokens, at);
    return call === undefined ? [] : [`${file}:${token.line} is a pure file and uses ${call}`];
  });
}

function impureAt(tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at]!;
  const text = (distance: number): string | undefined => tokens[at + distance]?.text;
  if (token.kind !== 'word' || text(-1) === '.') return undefined;
  if (token.text === 'Math' && text(1) === '.' && text(2) === 'random') return 'Math.random';
  if (token.text === 'Date' && text(1) === '.' && text(2) === 'now') return 'Date.now';
  if (token.text === 'Date' && text(1) === '(') {
    if (text(-1) !== 'new') return 'Date()';
    if (text(2) === ')') return 'new Date()';
  }
  if (token.text === 'Date' && text(-1) === 'new' && text(1) !== '(') return 'new Date';
  const used = text(1) === '.' || text(1) === '(' || text(1) === '[';
  return WORLD.has(token.text) && used && text(-1) !== 'function' ? token.text : undefined;
}
