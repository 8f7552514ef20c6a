import type { Discoverable } from '../kit/component.ts';
import { EACH, filledStage, namePart, withFanIn } from './each.ts';
import type { Findings } from './findings.ts';
import type { Path } from './problem.ts';
import { name as StageName } from './shape-daemon.ts';
import { DISCOVERABLES, ForEach } from './shape-pipeline.ts';

type Block = Record<string, unknown>;

/** What was found for the templates of a pipeline, by its name. */
export type Discovered = ReadonlyMap<string, readonly string[]>;

/** A pipeline whose values are to be discovered, as it is written. */
export interface WantedDiscovery {
  readonly pipeline: string;
  readonly kind: Discoverable;
  readonly pattern: string;
  readonly shape: ForEach;
  /** What was found and cannot become a stage, with the reason. */
  readonly leftOut: readonly string[];
}

/** A file with its templates unfolded, and the way back from a path in it to the path in the file. */
export interface Unfolded {
  readonly value: unknown;
  readonly wanted: readonly WantedDiscovery[];
  origin(path: Path): Path;
  /** True where the path lies in a stage made from a template: the same mistake is then found once for each value. */
  fromTemplate(path: Path): boolean;
}

/** One stage is made of this: what stands for `{each}` in text, and in names of stages. */
interface Value {
  readonly text: string;
  readonly name: string;
}

/**
 * Makes one stage for each value out of every stage with `{each}` in its name: `{each}` is replaced in all its text. In the
 * `after` of other stages a name with `{each}` stands for all of them. Works on the plain file, before it is parsed, so
 * that what comes out is checked like anything else.
 *
 * @param discovered left out: nothing was asked yet, and a template is checked with something in the place of its values
 */
export function unfold(value: unknown, findings: Findings, discovered?: Discovered): Unfolded {
  const names = new Map<string, string>();
  const origin = (path: Path): Path => {
    const made = names.get(keyOf(path));
    return made === undefined ? path : path.with(3, made);
  };
  const fromTemplate = (path: Path) => names.has(keyOf(path));
  const pipelines = blockOf(blockOf(value)?.pipelines);
  const wanted: WantedDiscovery[] = [];
  if (!pipelines) return { value, wanted, origin, fromTemplate };
  const made: Block = {};
  for (const [name, raw] of Object.entries(pipelines)) {
    const pipeline = blockOf(raw);
    const stages = blockOf(pipeline?.stages);
    const read = pipeline && stages && readForEach(pipeline, name, findings, discovered);
    if (read?.wanted) wanted.push(read.wanted);
    made[name] = read ? { ...pipeline, stages: unfoldStages(stages, read.values, name, names, findings) } : raw;
  }
  return { value: { ...blockOf(value), pipelines: made }, wanted, origin, fromTemplate };
}

const keyOf = (path: Path): string => (path[0] === 'pipelines' && path[2] === 'stages' ? `${path[1]}.${path[3]}` : '');

const blockOf = (value: unknown): Block | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Block) : undefined;

/** Stands in for the values where they are not known, so that the template itself is still checked. */
const SOMETHING: readonly Value[] = [{ text: 'each', name: 'each' }];

interface ReadForEach {
  readonly values: readonly Value[];
  readonly wanted?: WantedDiscovery;
}

/** The values a pipeline's template is unfolded with; shape mistakes are left to the parser. */
function readForEach(
  pipeline: Block,
  name: string,
  findings: Findings,
  discovered: Discovered | undefined,
): ReadForEach | undefined {
  if (pipeline.for_each === undefined) return undefined;
  const parsed = ForEach.safeParse(pipeline.for_each);
  if (!parsed.success) return { values: SOMETHING };
  const shape = parsed.data;
  const here = ['pipelines', name, 'for_each'];
  const kinds = DISCOVERABLES.filter((kind) => shape[kind] !== undefined);
  if (kinds.length + (shape.values ? 1 : 0) !== 1) {
    findings.error(
      here,
      `want one of values: [a, b, c] and ${DISCOVERABLES.map((kind) => `${kind}: PATTERN`).join(', ')}`,
    );
    return { values: SOMETHING };
  }
  const templates = Object.keys(blockOf(pipeline.stages) ?? {}).filter((stage) => stage.includes(EACH));
  if (templates.length === 0)
    findings.error(here, `no stage of the pipeline has ${EACH} in its name, so there is no template to unfold`);
  const [kind] = kinds;
  if (kind === undefined) return { values: listed(shape, here, findings) };
  const wanted = { pipeline: name, kind, pattern: shape[kind] as string, shape };
  if (!discovered) return { values: SOMETHING, wanted: { ...wanted, leftOut: [] } };
  const taken = Object.keys(blockOf(pipeline.stages) ?? {}).filter((stage) => !stage.includes(EACH));
  const { values, leftOut } = usable(discovered.get(name) ?? [], templates, taken);
  return { values, wanted: { ...wanted, leftOut } };
}

/** Values that are written one by one: what is wrong with them is said, and stops the start. */
function listed({ values = [], cap }: ForEach, here: Path, findings: Findings): readonly Value[] {
  const twice = values.find((one, i) => values.indexOf(one) !== i);
  if (twice !== undefined) findings.error([...here, 'values', values.lastIndexOf(twice)], `"${twice}" stands twice`);
  if (values.length > cap) {
    findings.error(
      [...here, 'values'],
      `has ${values.length} values, more than cap: ${cap}; raise the cap if that is meant`,
    );
    return SOMETHING;
  }
  return [...new Set(values)].map((text) => ({ text, name: text }));
}

/** Nobody has checked what is discovered: what makes no name, or one that is taken, is left out instead of stopping the rest. */
function usable(found: readonly string[], templates: readonly string[], taken: readonly string[]) {
  const owners = new Map(taken.map((name) => [name, 'another stage']));
  const values: Value[] = [];
  const leftOut: string[] = [];
  for (const text of found) {
    const name = namePart(text);
    const stages = templates.map((template) => template.replaceAll(EACH, name));
    const bad = stages.find((stage) => !StageName.safeParse(stage).success);
    const owned = stages.find((stage) => owners.has(stage));
    if (bad !== undefined) leftOut.push(`"${text}" would make a stage named "${bad}", which is no name`);
    else if (owned !== undefined)
      leftOut.push(`"${text}" would make a second stage named ${owned}, as ${owners.get(owned)} does`);
    else {
      for (const stage of stages) owners.set(stage, `"${text}"`);
      values.push({ text, name });
    }
  }
  return { values, leftOut };
}

function unfoldStages(
  stages: Block,
  values: readonly Value[],
  pipeline: string,
  names: Map<string, string>,
  findings: Findings,
): Block {
  const made: Block = {};
  for (const [template, raw] of Object.entries(stages)) {
    if (!template.includes(EACH)) {
      made[template] = withFanIn(
        raw,
        values.map(({ name }) => name),
      );
      continue;
    }
    for (const { text, name } of values) {
      const stage = template.replaceAll(EACH, name);
      if (Object.hasOwn(made, stage) || Object.hasOwn(stages, stage))
        findings.error(['pipelines', pipeline, 'stages', template], `makes a second stage named ${stage}`);
      made[stage] = filledStage(raw, text, name);
      names.set(`${pipeline}.${stage}`, template);
    }
  }
  return made;
}
