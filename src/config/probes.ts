import { SIGNAL_NAME, type SignalSpec } from '../domain/signal.ts';
import type { Registry, SourceDefinition } from '../kit/component.ts';
import { canonical } from './canonical.ts';
import { declarationOf, type Raw, readWith } from './components.ts';
import type { ProbeConfig, SourceConfig } from './config.ts';
import { digestOf, fingerprintOf, withoutDefaults } from './digest.ts';
import type { Findings } from './findings.ts';
import { hint, type Path } from './problem.ts';
import { shapeOf } from './schema-walk.ts';

/** What probes are read with; inline sources are added to `sources` as they are met. */
export interface ProbeScene {
  readonly registry: Registry;
  readonly sources: Map<string, SourceConfig>;
  /** Types of all named sources as written, also of those that are wrong elsewhere. */
  readonly written: ReadonlyMap<string, string>;
  /** Names of inline sources by what they connect to. */
  readonly inline: Map<string, string>;
  readonly findings: Findings;
}

export interface ReadProbe extends ProbeConfig {
  /** What of it matters to learned state: what is read, not from where or with which credentials. */
  readonly essence: string;
}

export const withoutEssence = ({ essence, ...probe }: ReadProbe): ProbeConfig => probe;

/** Inline sources often reach many hosts; a few that hang must not hold up the others. */
const CONCURRENCY_INLINE = 64;

/** Reads a stage's probes, in order. A probe that is wrong is left out, and said. */
export function readProbes(probes: readonly Raw[], path: Path, scene: ProbeScene): readonly ReadProbe[] {
  const read = probes.flatMap((raw, index) => {
    const here = [...path, index];
    const probe = 'source' in raw ? named(raw, index, here, scene) : inline(raw, index, here, scene);
    return probe ? [{ probe, here }] : [];
  });
  const owner = new Map<string, string>();
  for (const { probe, here } of read) {
    for (const { name } of probe.signals) {
      const other = owner.get(name);
      if (other !== undefined && other !== probe.name)
        scene.findings.error(
          here,
          `gives the signal ${name}, which ${other} gives already; leave it out of one of them`,
        );
      if (!SIGNAL_NAME.test(name)) scene.findings.error(here, `would give a signal named "${name}"; want snake_case`);
      owner.set(name, probe.name);
    }
  }
  return read.map(({ probe }) => probe);
}

/** `{source: name, …what to read}` */
function named(raw: Raw, index: number, path: Path, scene: ProbeScene): ReadProbe | undefined {
  const { source, ...ask } = raw;
  if (typeof source !== 'string') {
    scene.findings.error([...path, 'source'], 'want the name of a source');
    return undefined;
  }
  const type = scene.written.get(source);
  const definition = scene.registry.sources.find((one) => one.type === type);
  if (type === undefined)
    scene.findings.error([...path, 'source'], `unknown source "${source}"${hint(source, scene.written.keys())}`);
  if (!definition) return undefined;
  const words = ['source', ...shapeOf(definition.probe).keys()];
  return finished(definition, source, index, ask, words, path, scene);
}

/** `{type: t, …how to connect, …what to read}`; those that connect alike share one source. */
function inline(raw: Raw, index: number, path: Path, scene: ProbeScene): ReadProbe | undefined {
  if (!('type' in raw)) {
    scene.findings.error(path, 'want source: NAME of a source, or type: TYPE to write one in place');
    return undefined;
  }
  const definition = declarationOf('source', scene.registry.sources, raw, path, scene.findings);
  if (!definition) return undefined;
  const { type, ...rest } = raw;
  const connecting = shapeOf(definition.config);
  const connection = Object.fromEntries(Object.entries(rest).filter(([key]) => connecting.has(key)));
  const ask = Object.fromEntries(Object.entries(rest).filter(([key]) => !connecting.has(key)));
  const words = ['type', ...connecting.keys(), ...shapeOf(definition.probe).keys()];
  const config = readWith(definition.config, connection, path, scene.findings, words);
  const key = `${definition.type} ${canonical(connection)}`;
  const name = scene.inline.get(key) ?? freeName(definition.type, scene);
  const probe = finished(definition, name, index, ask, words, path, scene);
  if (!config || !probe) return undefined;
  scene.inline.set(key, name);
  const digest = digestOf(key);
  scene.sources.set(name, { type: definition.type, config: config.value, digest, concurrency: CONCURRENCY_INLINE });
  return probe;
}

/** `http-json`, `http-json-2` …, past the names the user gave. */
function freeName(type: string, { sources, written }: ProbeScene): string {
  let name = type;
  for (let n = 2; sources.has(name) || written.has(name); n++) name = `${type}-${n}`;
  return name;
}

function finished(
  definition: SourceDefinition,
  source: string,
  index: number,
  written: Raw,
  words: readonly string[],
  path: Path,
  scene: ProbeScene,
): ReadProbe | undefined {
  const ask = readWith(definition.probe, written, path, scene.findings, words);
  if (!ask) return undefined;
  const signals: readonly SignalSpec[] = definition.signals(ask.value);
  const { type } = definition;
  const essence = fingerprintOf({ type, ask: withoutDefaults(definition.probe, ask.value) });
  return { name: `${source}#${index}`, source, type, ask: ask.value, signals, digest: digestOf(written), essence };
}
