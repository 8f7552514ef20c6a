import type { IncomingMessage } from 'node:http';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { parseDuration } from '../kit/duration.ts';
import { badRequest, MAX_BODY, Refusal } from './answer.ts';

/** The largest time a `Date` can hold. */
const MAX_TIME = 8.64e15;

/** The fields of a JSON object sent by a client; each reader checks one and says what it wanted. */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: Readonly<Record<string, unknown>>, known: readonly string[]) {
    this.#values = new Map(Object.entries(values));
    for (const name of this.#values.keys()) {
      if (!known.includes(name)) {
        const offer = known.length === 0 ? 'none is known' : `known are ${known.join(', ')}`;
        throw badRequest(`unknown field "${name.slice(0, 64)}"; ${offer}`);
      }
    }
  }

  /** Text of 1 to `longest` characters without control characters. */
  text(name: string, longest = 1_000): string {
    const value = this.#values.get(name);
    if (typeof value !== 'string' || value.trim() === '' || value.length > longest || hasControl(value))
      throw badRequest(`field "${name}": want text of 1 to ${longest} characters`);
    return value.trim();
  }

  optionalText(name: string, fallback: string, longest = 1_000): string {
    return this.#values.has(name) ? this.text(name, longest) : fallback;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.#values.get(name);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw badRequest(`field "${name}": want one of ${choices.join(', ')}`);
    return found;
  }

  /** An RFC 3339 time; nothing where the field is not sent. */
  optionalTime(name: string): EpochMs | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const at = typeof value === 'string' ? rfc3339(value) : Number.NaN;
    if (!Number.isFinite(at)) throw badRequest(`field "${name}": want a time such as 2026-11-21T03:00:00Z`);
    return at;
  }

  /** A duration such as `30m`, or a number of seconds. */
  duration(name: string, fallback: DurationMs | undefined, longest: DurationMs): DurationMs {
    const value = this.#values.get(name);
    if (value === undefined && fallback !== undefined) return fallback;
    const length =
      typeof value === 'number' ? value * 1_000 : typeof value === 'string' ? parseDuration(value) : undefined;
    if (length === undefined || !(length >= 0 && length <= longest))
      throw badRequest(`field "${name}": want a duration such as 30m, at most ${longest / 3_600_000} h`);
    return length;
  }
}

const rfc3339 = (text: string): EpochMs => (/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN);

const hasControl = (text: string): boolean =>
  [...text].some(
    (character) => (character < ' ' && character !== '\n' && character !== '\t') || character === '\u007f',
  );

/**
 * Reads the body of a request as a JSON object with no other than the `known` fields. An empty body is an empty object.
 *
 * @throws Refusal 400, 413, 415
 */
export async function readFields(request: IncomingMessage, known: readonly string[]): Promise<Fields> {
  const text = await readText(request);
  if (text === '') return new Fields({}, known);
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new Refusal(415, 'unsupported-media-type', 'send the body as Content-Type: application/json');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('the body must be a JSON object');
  return new Fields(value as Record<string, unknown>, known);
}

async function readText(request: IncomingMessage): Promise<string> {
  const tooLarge = () => new Refusal(413, 'too-large', `the body is longer than ${MAX_BODY} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8').trim();
}

/** `?limit=`: a whole number from 1 to `most`. */
export function limitOf(query: URLSearchParams, fallback: number, most: number): number {
  const text = query.get('limit');
  if (text === null) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most)
    throw badRequest(`limit: want a whole number from 1 to ${most}`);
  return value;
}

/** `?name=` as one of a closed set, or nothing. */
export function choiceOf<Choice extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw badRequest(`${name}: want one of ${choices.join(', ')}`);
  return found;
}

/** `?name=` as milliseconds since 1970 or an RFC 3339 time. */
export function timeOf(query: URLSearchParams, name: string, fallback: EpochMs): EpochMs {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : rfc3339(text);
  if (!Number.isFinite(value) || Math.abs(value) > MAX_TIME)
    throw badRequest(`${name}: want a time such as 2026-11-21T03:00:00Z, or milliseconds since 1970`);
  return value;
}

/** `?name=` as a duration such as `30s`, or a number of seconds. */
export function lengthOfQuery(query: URLSearchParams, name: string, fallback: DurationMs): DurationMs {
  const text = query.get(name);
  if (text === null) return fallback;
  const length = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) * 1_000 : parseDuration(text);
  if (length === undefined || !Number.isFinite(length)) throw badRequest(`${name}: want a duration such as 30s`);
  return length;
}
