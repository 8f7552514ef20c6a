import { z } from 'zod';
import type { Declaration, Registry, SourceDefinition } from '../kit/component.ts';
import { formatDuration } from '../kit/duration.ts';
import { SourceCommon } from './components.ts';
import { Root } from './shape.ts';

/** A JSON Schema node, as far as this build makes and reads them. */
export interface SchemaNode {
  type?: string | string[];
  description?: string;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  properties?: Record<string, SchemaNode>;
  required?: string[];
  additionalProperties?: boolean | SchemaNode;
  propertyNames?: SchemaNode;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  $ref?: string;
  $defs?: Record<string, SchemaNode>;
  [keyword: string]: unknown;
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const ROOMS = ['source', 'probe', 'detector', 'actuator', 'notifier', 'store'] as const;

/**
 * The JSON Schema (draft 2020-12) of a whole config file for the components of a registry, as editors use it: what may be
 * written, before defaults and variables. It knows keys, types and enumerations; references between parts only `check` knows.
 */
export function jsonSchema(registry: Registry): SchemaNode {
  const definitions: Record<string, SchemaNode> = {};
  const root = schemaOf(Root, 'config', definitions);
  const named = (declarations: readonly Declaration<z.ZodType>[], room: string): SchemaNode[] =>
    declarations.map((one) => withType(one.type, block(one.config, `${room}-${one.type}`, definitions)));
  const common = block(SourceCommon, 'source-common', definitions);
  const fill: Record<(typeof ROOMS)[number], SchemaNode> = {
    source: anyOf(named(registry.sources, 'source').map((one) => joined(one, common))),
    probe: anyOf(registry.sources.flatMap((one) => probeForms(one, definitions))),
    detector: { type: 'object' },
    actuator: anyOf(named(registry.actuators, 'actuator')),
    notifier: anyOf(named(registry.notifiers, 'notifier')),
    store: oneKeyOf(registry, definitions),
  };
  const { $defs, ...rest } = filled(root, registry, definitions);
  const whole = { ...rest, $defs: { ...$defs, ...definitions, ...fill } };
  return { $schema: DIALECT, title: 'Headgate config', ...orText('\\$\\{', whole) };
}

/** The schema as text, as it is committed and printed: two spaces, a newline at the end. */
export const renderSchema = (registry: Registry): string => `${JSON.stringify(jsonSchema(registry), null, 2)}\n`;

/** The schema of one zod schema as it is written; definitions it needs go to `definitions` under names of their own. */
export function schemaOf(schema: z.ZodType, name: string, definitions: Record<string, SchemaNode>): SchemaNode {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => tidy(zodSchema._zod.def, jsonSchema as SchemaNode),
  }) as SchemaNode;
  const { $schema, $defs, ...rest } = renamed(made, name) as SchemaNode;
  for (const [key, value] of Object.entries($defs ?? {})) definitions[`${name}${key}`] = value;
  return rest;
}

/** `#/$defs/x` → `#/$defs/name` + x, so that definitions of several schemas fit in one file. */
function renamed(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) =>
      key === '$ref' && typeof one === 'string'
        ? [key, one.replace('#/$defs/', `#/$defs/${name}`)]
        : [key, renamed(one, name)],
    ),
  );
}

/** Numbers without the bounds of a double, and defaults of durations as people write them. */
function tidy(def: { readonly type: string; readonly defaultValue?: unknown }, node: SchemaNode): void {
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
  const { type, defaultValue } = def;
  if (type !== 'default' || node.default !== undefined) return;
  if (node.type === 'string')
    node.default = typeof defaultValue === 'number' ? formatDuration(defaultValue) : defaultValue;
  else if (/^(\[\]|\{\}|true|false)$/.test(JSON.stringify(defaultValue))) node.default = defaultValue;
}

function block(schema: z.ZodType, name: string, definitions: Record<string, SchemaNode>): SchemaNode {
  const node = schemaOf(schema, name, definitions);
  if (node.type === 'object' && node.properties) return node;
  throw new Error(`the config of ${name} must be an object schema, so that its keys can be listed`);
}

const withType = (type: string, { properties, required, ...rest }: SchemaNode): SchemaNode => ({
  ...rest,
  properties: { type: { const: type }, ...properties },
  required: ['type', ...(required ?? [])],
});

const joined = (a: SchemaNode, b: SchemaNode): SchemaNode => ({
  ...a,
  properties: { ...a.properties, ...b.properties },
  required: [...(a.required ?? []), ...(b.required ?? [])],
});

const anyOf = (forms: SchemaNode[]): SchemaNode => (forms.length === 0 ? { not: {} } : { anyOf: forms });

/** A probe of a named source, and one with its source written in place. */
function probeForms(source: SourceDefinition, definitions: Record<string, SchemaNode>): SchemaNode[] {
  const probe = asTemplate(block(source.probe, `probe-${source.type}`, definitions));
  const config = block(source.config, `source-${source.type}`, definitions);
  const name: SchemaNode = { type: 'string', description: 'Name of a source of this type.' };
  return [
    { ...probe, properties: { source: name, ...probe.properties }, required: ['source', ...(probe.required ?? [])] },
    withType(source.type, joined(config, probe)),
  ];
}

/** Text of a probe may hold `{each}` where its schema wants a certain form: an editor meets templates before they are unfolded. */
const asTemplate = <Part>(part: Part): Part => orText('\\{each\\}', part);

/**
 * Every text that wants a certain form may hold something else instead, which stands for text that is not known yet: `{each}`, or a
 * variable (`${…}`). Names of keys may not.
 */
function orText<Part>(other: string, part: Part): Part {
  if (Array.isArray(part)) return part.map((one) => orText(other, one)) as Part;
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([key, one]) => {
    if (key === 'propertyNames') return [key, one];
    return key === 'pattern' && typeof one === 'string' ? [key, `${other}|${one}`] : [key, orText(other, one)];
  });
  return Object.fromEntries(entries) as Part;
}

/** `store: {TYPE: …}`: a block of options, the one option that matters as text, or true where there is nothing to say. */
function oneKeyOf(registry: Registry, definitions: Record<string, SchemaNode>): SchemaNode {
  const properties = registry.stores.map(({ type, config, summary }) => {
    const options = block(config, `store-${type}`, definitions);
    const needs = (options.required ?? []).length;
    const short: SchemaNode[] = needs === 0 ? [{ const: true }] : [];
    if (Object.keys(options.properties ?? {}).length > 0 && needs < 2) short.push({ type: 'string' });
    return [type, { description: summary, anyOf: [...short, options] }];
  });
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  };
}

/** The root with its holes led to the definitions, and the detectors of this build by name. */
function filled(node: SchemaNode, registry: Registry, definitions: Record<string, SchemaNode>): SchemaNode {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const { headgateHole, ...rest } = value as SchemaNode;
    if (typeof headgateHole !== 'string')
      return Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, walk(one)]));
    const about = rest.description === undefined ? {} : { description: rest.description };
    return { ...about, $ref: `#/$defs/${headgateHole}` };
  };
  const root = walk(node) as SchemaNode;
  const detectors = stageOf(root)?.properties?.detectors;
  if (!detectors) throw new Error('the shape of a stage has no detectors');
  detectors.properties = Object.fromEntries(
    registry.detectors.map(({ type, config, summary }) => [
      type,
      { description: summary, anyOf: [{ const: false }, block(config, `detector-${type}`, definitions)] },
    ]),
  );
  detectors.additionalProperties = false;
  delete detectors.propertyNames;
  return root;
}

function stageOf(root: SchemaNode): SchemaNode | undefined {
  const of = (node: SchemaNode | undefined): SchemaNode | undefined =>
    typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined;
  return of(of(root.properties?.pipelines)?.properties?.stages);
}
