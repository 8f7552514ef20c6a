import type { Raw } from './components.ts';
import type { ProbeConfig, SeedConfig } from './config.ts';
import { type ProbeScene, type ReadProbe, readProbes, withoutEssence } from './probes.ts';
import type { Path } from './problem.ts';
import type { RootShape } from './shape.ts';

type PipelineShape = RootShape['pipelines'][string];
type StageShape = PipelineShape['stages'][string];

interface SeedScene {
  readonly shape: StageShape;
  readonly of: PipelineShape;
  /** Those of the stage. */
  readonly probes: readonly ReadProbe[];
  readonly path: Path;
}

/** Where the stage takes its past from; `undefined` where from nowhere, which is wrong if it says so itself. */
export function readSeed({ shape, of, probes, path }: SeedScene, scene: ProbeScene): SeedConfig | undefined {
  const seed = shape.seed ?? of.seed;
  if (!seed) return undefined;
  const written = (shape.seed?.probes ?? []) as readonly Raw[];
  const here = [...path, 'seed'];
  const own = readProbes(written, [...here, 'probes'], scene);
  for (const [index, probe] of own.entries())
    if (!knowsPast(probe, scene))
      scene.findings.error(
        [...here, 'probes', index],
        `a probe of type ${probe.type} does not know its past; want one of type ${pastTypes(scene)}`,
      );
  const { from, history_file: historyFile, store } = seed;
  const asked = written.length > 0 ? own : probes;
  const read = {
    from,
    historyFile,
    store,
    probes: asked.filter((probe) => knowsPast(probe, scene)).map(withoutEssence),
  };
  if (historyFile !== undefined || store || read.probes.length > 0) return read;
  if (shape.seed && written.length === 0)
    scene.findings.error(
      here,
      `no probe of the stage knows its past; name a history_file, store: true, or probes of type ${pastTypes(scene)}`,
    );
  return undefined;
}

const knowsPast = ({ type }: ProbeConfig, { registry }: ProbeScene): boolean =>
  registry.sources.find((one) => one.type === type)?.knowsPast === true;

const pastTypes = ({ registry }: ProbeScene): string =>
  registry.sources.flatMap(({ type, knowsPast }) => (knowsPast ? [type] : [])).join(' or ');
