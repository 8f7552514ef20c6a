import { z } from 'zod';
import type { Declaration, Registry } from '../kit/component.ts';
import type { ComponentConfig, SourceConfig } from './config.ts';
import { digestOf } from './digest.ts';
import { checkAddresses } from './files.ts';
import type { Findings } from './findings.ts';
import { parseLeniently } from './lenient.ts';
import { hint, type Path } from './problem.ts';
import { coresOf, isRequired, shapeOf } from './schema-walk.ts';

export type Raw = Readonly<Record<string, unknown>>;
export type AnyDeclaration = Declaration<z.ZodType>;

/** Keys that every source has besides those of its type. */
export const SourceCommon = z.strictObject({
  concurrency: z
    .int()
    .min(1)
    .max(1000)
    .default(8)
    .meta({ description: 'Probes of this source that may run at the same time.' }),
});

/** The declaration named by `type:`; says what is wrong where there is none. */
export function declarationOf<D extends AnyDeclaration>(
  noun: string,
  declarations: readonly D[],
  raw: Raw,
  path: Path,
  findings: Findings,
): D | undefined {
  const types = declarations.map(({ type }) => type);
  if (typeof raw.type !== 'string') {
    findings.error([...path, 'type'], `is missing; want one of ${types.join(', ')}`);
    return undefined;
  }
  const found = declarations.find(({ type }) => type === raw.type);
  if (!found) findings.error([...path, 'type'], `unknown ${noun} type "${raw.type}"${hint(raw.type, types)}`);
  return found;
}

/** Parses a component's block with the component's own schema; `undefined` where anything in it is wrong. */
export function readWith(
  schema: z.ZodType,
  raw: unknown,
  path: Path,
  findings: Findings,
  words: readonly string[] = [...shapeOf(schema).keys()],
): { value: unknown } | undefined {
  const { value, findings: found } = parseLeniently(schema, raw, words);
  for (const one of found) findings.error([...path, ...one.path], one.message);
  if (found.length > 0) return undefined;
  checkAddresses(value, path, findings);
  return { value };
}

/** Reads a section of components by name. A component that is wrong is left out, and said. */
export function readSection(
  noun: string,
  section: string,
  declarations: readonly AnyDeclaration[],
  entries: Readonly<Record<string, Raw>>,
  findings: Findings,
): Map<string, ComponentConfig> {
  const read = new Map<string, ComponentConfig>();
  for (const [name, raw] of Object.entries(entries)) {
    const declaration = declarationOf(noun, declarations, raw, [section, name], findings);
    if (!declaration) continue;
    const { type, ...rest } = raw;
    const config = readWith(declaration.config, rest, [section, name], findings, [
      'type',
      ...shapeOf(declaration.config).keys(),
    ]);
    if (config) read.set(name, { type: declaration.type, config: config.value, digest: digestOf(raw) });
  }
  return read;
}

export function readSources(registry: Registry, entries: Readonly<Record<string, Raw>>, findings: Findings) {
  const read = new Map<string, SourceConfig>();
  for (const [name, raw] of Object.entries(entries)) {
    const path = ['sources', name];
    const declaration = declarationOf('source', registry.sources, raw, path, findings);
    if (!declaration) continue;
    const { type, concurrency, ...rest } = raw;
    const words = ['type', 'concurrency', ...shapeOf(declaration.config).keys()];
    const config = readWith(declaration.config, rest, path, findings, words);
    const common = readWith(SourceCommon, concurrency === undefined ? {} : { concurrency }, path, findings);
    if (config && common) {
      const { concurrency: most } = common.value as z.output<typeof SourceCommon>;
      read.set(name, { type: declaration.type, config: config.value, digest: digestOf(raw), concurrency: most });
    }
  }
  return read;
}

const VALVE = 'valve';

export function readActuators(registry: Registry, entries: Readonly<Record<string, Raw>>, findings: Findings) {
  if (entries[VALVE] && entries[VALVE].type !== VALVE)
    findings.error(['actuators', VALVE], 'the name valve belongs to the built-in valve; choose another');
  const read = readSection('actuator', 'actuators', registry.actuators, entries, findings);
  const builtIn = registry.actuators.find(({ type }) => type === VALVE)?.config.safeParse({});
  if (!read.has(VALVE) && builtIn?.success)
    read.set(VALVE, { type: VALVE, config: builtIn.data, digest: digestOf({ type: VALVE }) });
  return read;
}

/** In the working directory: where the daemon is started by hand, and where a service file says so. */
const DEFAULT_STORE: Raw = { sqlite: './headgate.db' };

/** A store is one key, its type; the value is its options, or the one option that matters, or `true` where it has none. */
export function readStore(registry: Registry, raw: Raw | undefined, findings: Findings): ComponentConfig | undefined {
  const types = registry.stores.map(({ type }) => type);
  const written = raw ?? DEFAULT_STORE;
  const keys = Object.keys(written);
  if (keys.length !== 1) {
    findings.error(['store'], `want exactly one of ${types.join(', ')}`);
    return undefined;
  }
  const type = keys[0] as string;
  const declaration = registry.stores.find((one) => one.type === type);
  if (!declaration) {
    findings.error(['store', type], `unknown store type "${type}"${hint(type, types)}`);
    return undefined;
  }
  const options = spelledOut(declaration.config, written[type]);
  const config = readWith(declaration.config, options, ['store', type], findings);
  return config && { type, config: config.value, digest: digestOf(written) };
}

/** `sqlite: ./file.db` → `{path: ./file.db}`: text stands for the key that must be written, or for the first. */
function spelledOut(schema: z.ZodType, value: unknown): unknown {
  if (!coresOf(schema).every((core) => core.def.type === 'object')) return value;
  if (value === true) return {};
  if (typeof value !== 'string') return value;
  const keys = [...shapeOf(schema)];
  const main = keys.find(([, key]) => isRequired(key)) ?? keys[0];
  return main ? { [main[0]]: value } : value;
}
