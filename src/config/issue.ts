import type { z } from 'zod';
import { hint, nearest, type Path } from './problem.ts';
import { keysAt, schemasAt } from './schema-walk.ts';

/** A problem before it has a line. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a block of keys',
  record: 'a block of keys',
  array: 'a list',
  null: 'nothing',
};

/** What a zod issue says, in the words of somebody who writes YAML. Never quotes the value, which can be a secret. */
export function findingsOf(issue: Issue, schema: z.ZodType, value: unknown, words?: readonly string[]): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const say = (message: string): Finding[] => [{ path, message }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `unknown key${hint(key, words && path.length === 0 ? words : keysAt(schema, path))}`,
      }));
    case 'invalid_type':
      return say(wrongType(NOUNS[issue.expected] ?? issue.expected, valueAt(value, path), exampleAt(schema, path)));
    case 'invalid_value': {
      const options = issue.values.map(String);
      const got = valueAt(value, path);
      return say(`want ${oneOf(options)}${typeof got === 'string' ? closest(got, options) : ''}`);
    }
    case 'invalid_union':
      return union(issue, schema, value);
    case 'invalid_key':
      return say(nameMessage(issue.issues));
    case 'invalid_format':
      return say(
        issue.format === 'url' ? 'want a URL such as http://host:port/path' : own(issue, 'has the wrong form'),
      );
    case 'too_small':
    case 'too_big':
      return say(outOfRange(issue));
    default:
      return say(issue.message);
  }
}

const oneOf = (options: readonly string[]): string =>
  options.length === 1 ? `${options[0]}` : `one of ${options.join(', ')}`;

/** The schema's own words where it has them, else ours. */
const own = (issue: Issue, otherwise: string): string =>
  /^(Invalid|Too )/.test(issue.message) ? otherwise : issue.message;

function wrongType(want: string, got: unknown, example?: string): string {
  if (got === undefined) return `is missing; want ${want}`;
  if (got === null) return `is empty; want ${want}`;
  const noun = Array.isArray(got)
    ? 'a list'
    : typeof got === 'object'
      ? 'a block of keys'
      : (NOUNS[typeof got] ?? typeof got);
  if (want === 'a whole number' && typeof got === 'number') return 'want a whole number';
  if (want === 'text' && example !== undefined) return `want text such as ${example}, got ${noun}`;
  const quote = want === 'text' && typeof got !== 'object' ? '; put it in quotes' : '';
  return `want ${want}, got ${noun}${quote}`;
}

/** What the schema itself shows as an example of text. */
function exampleAt(schema: z.ZodType, path: Path): string | undefined {
  const examples = schemasAt(schema, path).flatMap((one): unknown => one.meta()?.examples ?? []);
  return examples.flat().find((one) => typeof one === 'string');
}

function nameMessage(issues: readonly Issue[]): string {
  const message = issues[0] && own(issues[0], '');
  return message || 'is not a usable name';
}

function outOfRange(issue: Issue & { code: 'too_small' | 'too_big' }): string {
  const [bound, side] = issue.code === 'too_small' ? [issue.minimum, 'at least'] : [issue.maximum, 'at most'];
  const limit = `${issue.inclusive === false ? (issue.code === 'too_small' ? 'more than' : 'less than') : side} ${bound}`;
  if (issue.origin === 'string') return bound === 1 ? 'must not be empty' : `want ${limit} letters`;
  if (issue.origin === 'array' || issue.origin === 'set') return `want ${limit} ${bound === 1 ? 'entry' : 'entries'}`;
  return own(issue, `want ${limit}`);
}

/** Of a union, the branch that came furthest speaks; where all failed at the door, what each of them wants is listed. */
function union(issue: Issue & { code: 'invalid_union' }, schema: z.ZodType, value: unknown): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const discriminator =
    'discriminator' in issue && typeof issue.discriminator === 'string' ? issue.discriminator : undefined;
  if (discriminator !== undefined) return [{ path: [...path, discriminator], message: `is not known` }];
  const got = valueAt(value, path);
  const atDoor = (branch: readonly Issue[]) =>
    branch.some((one) => one.path.length === 0 && one.code !== 'unrecognized_keys');
  const inside = issue.errors.filter((branch) => branch.length > 0 && !atDoor(branch));
  const best = inside.toSorted((a, b) => a.length - b.length)[0];
  if (best) {
    return best.flatMap((one) => findingsOf({ ...one, path: [...issue.path, ...one.path] } as Issue, schema, value));
  }
  const spoken = issue.errors.flat().filter((one) => one.code === 'custom' || one.code.startsWith('too_'));
  const first = spoken[0];
  if (first) return findingsOf({ ...first, path: [...issue.path, ...first.path] } as Issue, schema, value);
  const options = issue.errors.flat().flatMap((one) => (one.code === 'invalid_value' ? one.values.map(String) : []));
  if (options.length > 0 && typeof got === 'string')
    return [{ path, message: `want one of ${options.join(', ')}${closest(got, options)}` }];
  const wants = issue.errors
    .flat()
    .flatMap((one) => (one.code === 'invalid_type' ? [NOUNS[one.expected] ?? one.expected] : []));
  return [{ path, message: wrongType([...options, ...new Set(wants)].join(' or '), got) }];
}

function closest(word: string, options: readonly string[]): string {
  const close = nearest(word, options);
  return close === undefined ? '' : ` (did you mean ${close}?)`;
}

export function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<string | number, unknown>)[part];
  }
  return here;
}
