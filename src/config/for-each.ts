import type { Findings } from './findings.ts';
import type { Path } from './problem.ts';
import { ForEach } from './shape-pipeline.ts';

export const EACH = '{each}';

type Block = Record<string, unknown>;

/** A file with its templates unfolded, and the way back from a path in it to the path in the file. */
export interface Unfolded {
  readonly value: unknown;
  origin(path: Path): Path;
  /** True where the path lies in a stage made from a template: the same mistake is then found once for each value. */
  fromTemplate(path: Path): boolean;
}

/**
 * Makes one stage for each value out of every stage with `{each}` in its name: `{each}` is replaced in all its text. In the
 * `after` of other stages a name with `{each}` stands for all of them. Works on the plain file, before it is parsed, so
 * that what comes out is checked like anything else; a source that discovers values later calls it with those.
 */
export function unfold(value: unknown, findings: Findings): Unfolded {
  const names = new Map<string, string>();
  const origin = (path: Path): Path => {
    const made = names.get(keyOf(path));
    return made === undefined ? path : path.with(3, made);
  };
  const fromTemplate = (path: Path) => names.has(keyOf(path));
  const pipelines = blockOf(blockOf(value)?.pipelines);
  if (!pipelines) return { value, origin, fromTemplate };
  const made: Block = {};
  for (const [name, raw] of Object.entries(pipelines)) {
    const pipeline = blockOf(raw);
    const stages = blockOf(pipeline?.stages);
    const values = pipeline && stages ? valuesOf(pipeline, ['pipelines', name], findings) : undefined;
    made[name] = values && stages ? { ...pipeline, stages: unfoldStages(stages, values, name, names, findings) } : raw;
  }
  return { value: { ...blockOf(value), pipelines: made }, origin, fromTemplate };
}

const keyOf = (path: Path): string => (path[0] === 'pipelines' && path[2] === 'stages' ? `${path[1]}.${path[3]}` : '');

const blockOf = (value: unknown): Block | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Block) : undefined;

/** Stands in for the values where they are not known, so that the template itself is still checked. */
const SOMETHING = ['each'];

/** The values a pipeline's template is unfolded with; shape mistakes are left to the parser. */
function valuesOf(pipeline: Block, path: Path, findings: Findings): readonly string[] | undefined {
  if (pipeline.for_each === undefined) return undefined;
  const parsed = ForEach.safeParse(pipeline.for_each);
  if (!parsed.success) return SOMETHING;
  const { values, topics, cap } = parsed.data;
  const here = [...path, 'for_each'];
  if (topics !== undefined) {
    findings.error(
      [...here, 'topics'],
      'needs a source that can discover topics, and this build has none; list them with values: [...]',
    );
    return SOMETHING;
  }
  if (values === undefined) {
    findings.error(here, 'names no values; write values: [a, b, c]');
    return SOMETHING;
  }
  const twice = values.find((one, i) => values.indexOf(one) !== i);
  if (twice !== undefined) findings.error([...here, 'values', values.lastIndexOf(twice)], `"${twice}" stands twice`);
  if (values.length > cap) {
    findings.error(
      [...here, 'values'],
      `has ${values.length} values, more than cap: ${cap}; raise the cap if that is meant`,
    );
    return SOMETHING;
  }
  if (!Object.keys(blockOf(pipeline.stages) ?? {}).some((name) => name.includes(EACH)))
    findings.error(here, `no stage of the pipeline has ${EACH} in its name, so there is no template to unfold`);
  return [...new Set(values)];
}

function unfoldStages(
  stages: Block,
  values: readonly string[],
  pipeline: string,
  names: Map<string, string>,
  findings: Findings,
): Block {
  const made: Block = {};
  for (const [template, raw] of Object.entries(stages)) {
    if (!template.includes(EACH)) {
      made[template] = fanIn(raw, values);
      continue;
    }
    for (const value of values) {
      const name = template.replaceAll(EACH, value);
      if (Object.hasOwn(made, name) || Object.hasOwn(stages, name))
        findings.error(['pipelines', pipeline, 'stages', template], `makes a second stage named ${name}`);
      made[name] = filled(raw, value);
      names.set(`${pipeline}.${name}`, template);
    }
  }
  return made;
}

/** The same value with `{each}` replaced in all text, keys included. */
function filled(raw: unknown, value: string): unknown {
  if (typeof raw === 'string') return raw.replaceAll(EACH, value);
  if (Array.isArray(raw)) return raw.map((one) => filled(one, value));
  const block = blockOf(raw);
  if (!block) return raw;
  return Object.fromEntries(
    Object.entries(block).map(([key, one]) => [key.replaceAll(EACH, value), filled(one, value)]),
  );
}

function fanIn(raw: unknown, values: readonly string[]): unknown {
  const after = blockOf(raw)?.after;
  if (!Array.isArray(after)) return raw;
  const all = after.flatMap((one: unknown) =>
    typeof one === 'string' && one.includes(EACH) ? values.map((value) => one.replaceAll(EACH, value)) : [one],
  );
  return { ...blockOf(raw), after: all };
}
