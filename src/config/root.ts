import type { StagePlan } from '../domain/plan.ts';
import { CycleError, type Graph, graphOf, type StageId, stageId, stageNameOf } from '../domain/stage.ts';
import type { Registry } from '../kit/component.ts';
import { type Raw, readActuators, readSection, readSources, readStore } from './components.ts';
import type { Config } from './config.ts';
import { readCalendars, readDigests, readRoutes, readServer, readWindows } from './daemon.ts';
import { readDiscoveries } from './discoveries.ts';
import type { Findings } from './findings.ts';
import type { Unfolded } from './for-each.ts';
import { type Finding, valueAt } from './issue.ts';
import { parseLeniently } from './lenient.ts';
import { type PolicyScene, readPolicies } from './policies.ts';
import { formatPath, type Path } from './problem.ts';
import { Root, type RootShape } from './shape.ts';
import { type ReadStages, readPipelines, type WrittenStages } from './stages.ts';

/** What the file is read with. */
export interface RootInput {
  readonly registry: Registry;
  readonly file: string;
  readonly unfolded: Pick<Unfolded, 'wanted' | 'fromTemplate'>;
}

/**
 * Reads the unfolded file section by section: first its shape, then every component by its own schema, then what refers to
 * what. Undefined where too little is left to make a config of; everything wrong is in `all`.
 */
export function readRoot(raw: unknown, { registry, file, unfolded }: RootInput, all: Findings): Config | undefined {
  const { value: root, findings: found, origin } = parseLeniently(Root, raw);
  for (const one of found) all.error(one.path, one.message);
  if (!root) return undefined;
  const findings = behind(all, found, origin);
  const sources = readSources(registry, root.sources as Record<string, Raw>, findings);
  const actuators = readActuators(registry, root.actuators as Record<string, Raw>, findings);
  const notifiers = readSection(
    'notifier',
    'notifiers',
    registry.notifiers,
    root.notifiers as Record<string, Raw>,
    findings,
  );
  const store = readStore(registry, root.store, findings);
  const stages = writtenStages(raw);
  const written = typesOf(valueAt(raw, ['sources']));
  const discoveries = readDiscoveries(unfolded.wanted, registry, written, findings);
  const read = readPipelines(root.pipelines, stages, {
    registry,
    sources,
    written,
    inline: new Map(),
    findings,
  });
  const graph = readGraph(read.pipelines, findings);
  const known = {
    pipelines: [...stages.keys()],
    stages: lastingStages(stages, unfolded),
    notifiers: Object.keys(blockAt(raw, ['notifiers'])),
  };
  const policies = readPolicies(root.policies, policyScene(raw, registry, read, known.stages, graph, findings));
  const calendars = readCalendars(root.calendars);
  const routes = readRoutes(root.routes, known, findings);
  if (findings.errors.length === 0) warnOfUnused(root, discoveries, findings);
  const maintenance = readWindows('maintenance', root.maintenance, calendars, known, findings);
  const retraining = readWindows('retraining', root.retraining, calendars, known, findings);
  const { otlp_endpoint: otlpEndpoint, sample } = root.tracing;
  if (!store || !graph) return undefined;
  return {
    file,
    server: readServer(root.server),
    store,
    sources,
    actuators,
    notifiers,
    routes,
    plan: { pipelines: read.pipelines, policies, graph, holidays: calendars.holidays },
    probes: read.probes,
    seeds: read.seeds,
    discoveries,
    maintenance,
    retraining,
    digests: readDigests(root.digests, calendars, known, findings),
    calendars,
    retention: root.retention,
    tracing: otlpEndpoint === undefined ? undefined : { otlpEndpoint, sample },
    log: root.log,
  };
}

/**
 * Findings on what the shape has let through: their paths are led back to the file, and a block in which something is wrong
 * already is not blamed for what follows from that.
 */
function behind(all: Findings, shape: readonly Finding[], origin: (path: Path) => Path): Findings {
  const wrong = new Set(shape.flatMap(({ path }) => path.map((_, i) => formatPath(path.slice(0, i + 1)))));
  const unless = (tell: Findings['error']) => (path: Path, message: string) => {
    const written = origin(path);
    if (!wrong.has(formatPath(written))) tell(written, message);
  };
  return { ...all, error: unless(all.error), warning: unless(all.warning) };
}

const blockAt = (raw: unknown, path: Path): Readonly<Record<string, unknown>> => {
  const found = valueAt(raw, path);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : {};
};

/** Names and types as written, so that a reference to a component that is wrong elsewhere is not reported as well. */
const typesOf = (section: unknown): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(blockAt({ section }, ['section'])).map(([name]) => [name, String(valueAt(section, [name, 'type']))]),
  );

const writtenStages = (raw: unknown): WrittenStages =>
  new Map(
    Object.keys(blockAt(raw, ['pipelines'])).map((name) => [
      name,
      Object.keys(blockAt(raw, ['pipelines', name, 'stages'])),
    ]),
  );

/** What is discovered may be gone tomorrow, and a config must not become wrong by that: such a stage cannot be named elsewhere. */
function lastingStages(written: WrittenStages, { wanted, fromTemplate }: RootInput['unfolded']): StageId[] {
  const passing = new Set(wanted.map(({ pipeline }) => pipeline));
  return [...written].flatMap(([pipeline, names]) =>
    names
      .filter((name) => !(passing.has(pipeline) && fromTemplate(['pipelines', pipeline, 'stages', name])))
      .map((name) => stageId(pipeline, name)),
  );
}

/** The graph over all pipelines; undefined where stages feed each other in a circle, which is said for each pipeline. */
function readGraph(pipelines: ReadStages['pipelines'], findings: Findings): Graph | undefined {
  const edges = (stages: readonly StagePlan[]) => new Map(stages.map(({ id, after }) => [id, after]));
  let sound = true;
  for (const { name, stages } of pipelines) {
    try {
      graphOf(edges(stages));
    } catch (thrown) {
      if (!(thrown instanceof CycleError)) throw thrown;
      sound = false;
      const circle = thrown.members.toReversed();
      const path = ['pipelines', name, 'stages', stageNameOf(circle[0] as StageId), 'after'];
      findings.error(path, `stages feed each other in a circle: ${circle.join(' → ')}`);
    }
  }
  return !sound ? undefined : graphOf(edges(pipelines.flatMap(({ stages }) => stages)));
}

function policyScene(
  raw: unknown,
  registry: Registry,
  { pipelines, probes }: ReadStages,
  stages: readonly string[],
  graph: Graph | undefined,
  findings: Findings,
): PolicyScene {
  const plans = new Map(pipelines.flatMap((pipeline) => pipeline.stages).map((stage) => [stage.id, stage]));
  const types = new Map([['valve', 'valve'], ...typesOf(valueAt(raw, ['actuators']))]);
  return {
    stages: new Set(stages),
    // With an edge missing, who feeds whom is not known.
    graph: findings.errors.some(({ path }) => path.includes('after')) ? undefined : graph,
    actuators: new Map([...types].map(([name, type]) => [name, registry.actuators.find((one) => one.type === type)])),
    signalsOf: (stage) => [
      ...(probes.get(stage) ?? []).flatMap((probe) => probe.signals.map(({ name }) => name)),
      ...(plans.get(stage)?.derive.map(({ name }) => name) ?? []),
    ],
    everyOf: (stage) => plans.get(stage)?.every,
    findings,
  };
}

/** Warns of what is configured and never used: somebody believes it works. */
function warnOfUnused(root: RootShape, discoveries: Config['discoveries'], findings: Findings): void {
  const told = new Set([...root.routes, ...root.digests].flatMap(({ to }) => to));
  for (const name of Object.keys(root.notifiers))
    if (!told.has(name)) findings.warning(['notifiers', name], 'no route leads to this notifier; it is never told');
  const stages = Object.values(root.pipelines).flatMap(({ stages }) => Object.values(stages));
  const probed = new Set([
    ...stages.flatMap(({ probes, seed }) => [...probes, ...(seed?.probes ?? [])].map(({ source }) => source)),
    ...discoveries.map(({ source }) => source),
  ]);
  for (const name of Object.keys(root.sources))
    if (!probed.has(name)) findings.warning(['sources', name], 'no probe reads from this source');
}
