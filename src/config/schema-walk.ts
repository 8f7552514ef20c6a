import type { z } from 'zod';
import type { Path } from './problem.ts';

/** The parts of zod's own description of a schema that are needed to walk it. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly left?: z.ZodType;
  readonly right?: z.ZodType;
  readonly element?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly valueType?: z.ZodType;
  readonly getter?: () => z.ZodType;
}

const definitionOf = (schema: z.ZodType): Definition => schema.def as unknown as Definition;

/** The schema without what wraps it: optional, default, transform, lazy. Unions and intersections become several. */
export function coresOf(schema: z.ZodType): readonly z.ZodType[] {
  const { innerType, in: input, options, left, right, getter } = definitionOf(schema);
  if (options) return options.flatMap(coresOf);
  if (left && right) return [left, right].flatMap(coresOf);
  const inner = innerType ?? input ?? getter?.();
  return inner ? coresOf(inner) : [schema];
}

/** The keys an object schema knows, over all branches of a union; empty for anything that is not an object. */
export function shapeOf(schema: z.ZodType): ReadonlyMap<string, z.ZodType> {
  return new Map(coresOf(schema).flatMap((core) => Object.entries(definitionOf(core).shape ?? {})));
}

/** The schemas that may stand at `path` below `schema`. */
export function schemasAt(schema: z.ZodType, path: Path): readonly z.ZodType[] {
  let here = coresOf(schema);
  for (const part of path) here = here.flatMap((one) => stepInto(one, part)).flatMap(coresOf);
  return here;
}

/** What could be written at `path` as a key; for *did you mean*. */
export const keysAt = (schema: z.ZodType, path: Path): readonly string[] =>
  schemasAt(schema, path).flatMap((one) => [...shapeOf(one).keys()]);

function stepInto(schema: z.ZodType, part: string | number): readonly z.ZodType[] {
  const { shape, element, items, valueType } = definitionOf(schema);
  if (typeof part === 'number') return items?.[part] ? [items[part]] : element ? [element] : [];
  const found = shape?.[part] ?? valueType;
  return found ? [found] : [];
}

/** True where leaving the key out is an error. */
export const isRequired = (schema: z.ZodType): boolean => !schema.safeParse(undefined).success;
