import type { SchemaNode } from './json-schema.ts';

interface Row {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly node: SchemaNode;
}

type Definitions = Readonly<Record<string, SchemaNode>>;

/** Deeper keys are left to the description of what holds them; schemas that hold themselves would never end. */
const DEEPEST = 6;

/** A Markdown table of all keys below a schema node, nested keys spelled `a.b`, `a[]` and `a.NAME`; empty where there are none. */
export function table(node: SchemaNode, definitions: Definitions, prefix = ''): string {
  const rows = [...below(node, definitions, prefix, 0)];
  const distinct = [...new Map(rows.map((row) => [row.path, row])).values()];
  if (distinct.length === 0) return '';
  return ['| key | type | default | |', '|---|---|---|---|', ...distinct.map(line)].join('\n');
}

/** Texts of one form are known by the examples their schema gives. */
const FORMS: ReadonlyMap<string, string> = new Map([
  ['["15s","5m","1h30m"]', 'duration'],
  ['["100/s","5/m"]', 'rate'],
  ['["20/s"]', 'rate'],
  ['["2m",1000,"100/s","5%"]', 'bound'],
  ['["1 per week","1 per day"]', 'frequency'],
]);

const formOf = (node: SchemaNode): string | undefined => FORMS.get(JSON.stringify(node.examples ?? null));

function line({ path, type, required, node }: Row): string {
  const key = required ? `**\`${path}\`**` : `\`${path}\``;
  const fallback = node.default === undefined || isEmptyBlock(node.default) ? '' : code(node.default);
  const examples = node.examples?.length && !formOf(node) ? ` Such as ${node.examples.map(code).join(', ')}.` : '';
  const about = `${node.description ?? ''}${examples}`.trim();
  return `| ${key} | ${type} | ${fallback} | ${cell(about)} |`;
}

const isEmptyBlock = (value: unknown): boolean => JSON.stringify(value) === '{}';

function* below(node: SchemaNode, definitions: Definitions, prefix: string, depth: number): Generator<Row> {
  if (depth > DEEPEST || isComponent(node)) return;
  for (const form of formsOf(node, definitions)) {
    const required = new Set(form.required);
    for (const [key, one] of Object.entries(form.properties ?? {}))
      yield* rowAnd(prefix === '' ? key : `${prefix}.${key}`, one, required.has(key), definitions, depth);
    if (typeof form.additionalProperties === 'object' && Object.keys(form.additionalProperties).length > 0)
      yield* rowAnd(`${prefix === '' ? '' : `${prefix}.`}NAME`, form.additionalProperties, false, definitions, depth);
    if (form.items !== undefined && isBlock(form.items, definitions))
      yield* below(form.items, definitions, `${prefix}[]`, depth + 1);
  }
}

function* rowAnd(path: string, node: SchemaNode, required: boolean, definitions: Definitions, depth: number) {
  const forms = formsOf(node, definitions);
  const type = formOf(node) ?? [...new Set(forms.map(typeOf))].join(' or ');
  const says = node.description !== undefined || type !== 'block';
  if (says && !isComponent(node)) yield { path, type, required, node: { ...forms[0], ...node } };
  yield* below(node, definitions, path, depth + 1);
}

/** Components have pages of their own. */
const isComponent = (node: SchemaNode): boolean =>
  /^#\/\$defs\/(source|probe|detector|actuator|notifier|store)$/.test(node.$ref ?? '');

/** What may stand here: the branches of a union, or the node itself. */
function formsOf(node: SchemaNode, definitions: Definitions): readonly SchemaNode[] {
  const target = node.$ref === undefined ? node : definitions[node.$ref.replace('#/$defs/', '')];
  if (target === undefined) return [node];
  return target.anyOf ? target.anyOf.flatMap((one) => formsOf(one, definitions)) : [target];
}

const isBlock = (node: SchemaNode, definitions: Definitions): boolean =>
  formsOf(node, definitions).some((form) => form.properties !== undefined || form.items !== undefined);

function typeOf(node: SchemaNode): string {
  if (Array.isArray(node.type)) return node.type.map((type) => typeOf({ type })).join(' or ');
  const form = formOf(node);
  if (form !== undefined) return form;
  if (node.const !== undefined) return code(node.const);
  if (node.enum) return node.enum.map(code).join(', ');
  if (node.type === 'array' && node.items && isComponent(node.items)) return 'list of blocks';
  if (node.type === 'array') return node.items ? `list of ${plural(typeOf(node.items))}` : 'list';
  if (node.type === 'object') return 'block';
  if (node.type === 'integer') return 'whole number';
  if (node.type === 'boolean') return 'true or false';
  if (node.type === 'string') return node.format === 'uri' ? 'URL' : 'text';
  return typeof node.type === 'string' ? node.type : 'anything';
}

const plural = (type: string): string => (/^(text|block|duration|rate|bound|number)$/.test(type) ? `${type}s` : type);

const code = (value: unknown): string => `\`${typeof value === 'string' ? value || "''" : JSON.stringify(value)}\``;

/** A table cell is one line, and a bar in it is not the end of it. */
const cell = (text: string): string => text.replace(/\s+/g, ' ').replace(/(?<!\\)\|/g, '\\|');
