import type { z } from 'zod';
import { type Finding, findingsOf, valueAt } from './issue.ts';
import type { Path } from './problem.ts';

export interface Leniently<Output> {
  /** What is left when everything wrong is taken away; `undefined` where nothing is. */
  readonly value: Output | undefined;
  readonly findings: readonly Finding[];
  /** Where a path of `value` stands in the file: list items before it may have been taken out. */
  origin(path: Path): Path;
}

/**
 * Parses, reports everything wrong at once, and still answers with what is right: the wrong pieces are taken out and the
 * rest is parsed again, so that references between the good parts can be checked in the same run. Numbers and booleans
 * written as text (as `${VARIABLE}` puts them in) are read where the schema wants them.
 *
 * @param words keys to choose *did you mean* from at the top, where the schema knows only a part of them
 */
export function parseLeniently<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  words?: readonly string[],
): Leniently<z.output<Schema>> {
  const value = structuredClone(raw);
  // Only list items: taking a key out moves nothing.
  const removed: Path[] = [];
  const origin = (path: Path) => unpruned(path, removed);
  let findings: Finding[] | undefined;
  // Each round takes at least one piece out; the rounds needed are bounded by the depth of the file.
  for (let round = 0; round < 64; round++) {
    const result = schema.safeParse(value);
    if (result.success) return { value: result.data, findings: findings ?? [], origin };
    const { issues } = result.error;
    if (findings === undefined) {
      if (issues.filter((issue) => readAsTyped(value, issue)).length > 0) continue;
      findings = issues.flatMap((issue) => findingsOf(issue, schema, value, words));
    }
    if (issues.some((issue) => issue.path.length === 0 && issue.code !== 'unrecognized_keys')) break;
    removed.push(...prune(value, issues).filter((path) => typeof path.at(-1) === 'number'));
  }
  return { value: undefined, findings: findings ?? [], origin };
}

/** Turns text into the number or boolean the schema asked for, in place. */
function readAsTyped(root: unknown, issue: z.core.$ZodIssue): boolean {
  if (issue.code !== 'invalid_type' || issue.path.length === 0) return false;
  const text = valueAt(root, issue.path as Path);
  if (typeof text !== 'string') return false;
  const read =
    (issue.expected === 'number' || issue.expected === 'int') && /^[+-]?\d+(\.\d+)?$/.test(text)
      ? Number(text)
      : issue.expected === 'boolean' && /^(true|false)$/.test(text)
        ? text === 'true'
        : undefined;
  if (read === undefined) return false;
  const parent = valueAt(root, issue.path.slice(0, -1) as Path) as Record<string | number, unknown>;
  parent[issue.path.at(-1) as string | number] = read;
  return true;
}

/**
 * Takes out the smallest pieces that carry the issues: unknown keys alone, else the value, else what holds it.
 * Answers with their paths, later list items first, so that taking one out does not move the next.
 */
function prune(root: unknown, issues: readonly z.core.$ZodIssue[]): Path[] {
  const targets = issues.flatMap((issue): Path[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => [...(issue.path as Path), key])
      : [existing(root, issue.path as Path)],
  );
  const distinct = [...new Map(targets.map((path) => [JSON.stringify(path), path])).values()].toSorted(lastFirst);
  for (const path of distinct) {
    const key = path.at(-1) as string | number;
    const parent = valueAt(root, path.slice(0, -1));
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else if (typeof parent === 'object' && parent !== null) delete (parent as Record<string, unknown>)[key];
  }
  return distinct;
}

/** The path itself, or the nearest one above it that is in the file: what is missing is charged to its holder. */
function existing(root: unknown, path: Path): Path {
  let length = path.length;
  while (length > 1 && valueAt(root, path.slice(0, length)) === undefined) length--;
  return path.slice(0, length);
}

function lastFirst(a: Path, b: Path): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i] as string | number, b[i] as string | number];
    if (x !== y) return typeof x === 'number' && typeof y === 'number' ? y - x : String(x) < String(y) ? 1 : -1;
  }
  return b.length - a.length;
}

/** Where a path of the pruned value was in the value as written: list items before it may have been taken out. */
function unpruned(path: Path, removed: readonly Path[]): Path {
  return removed.toReversed().reduce<Path>((now, gone) => {
    const depth = gone.length - 1;
    const index = gone[depth];
    const mine = now[depth];
    const sameList = gone.slice(0, depth).every((part, i) => part === now[i]);
    if (!sameList || typeof index !== 'number' || typeof mine !== 'number' || mine < index) return now;
    return now.with(depth, mine + 1);
  }, path);
}
