/** `pipeline.stage`, unique in one daemon. Neither half contains a dot. */
export type StageId = `${string}.${string}`;

/** Letters, digits, `-` and `_`; at most 64. No dot, so that a `StageId` splits one way only. */
export const STAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Name of the pseudo-stage that carries a pipeline's end-to-end signals. */
export const PIPELINE_PSEUDO_STAGE = '_pipeline';

export const isPseudoStage = (id: StageId): boolean => id.endsWith(`.${PIPELINE_PSEUDO_STAGE}`);

export const stageId = (pipeline: string, stage: string): StageId => `${pipeline}.${stage}`;
export const pipelineOf = (id: StageId): string => id.slice(0, id.indexOf('.'));
export const stageNameOf = (id: StageId): string => id.slice(id.indexOf('.') + 1);

/** How people call a stage: its name, and "orders end to end" for the pipeline as a whole. */
export const titleOf = (id: StageId): string => (isPseudoStage(id) ? `${pipelineOf(id)} end to end` : stageNameOf(id));

/** A directed acyclic graph of stages; edges run with the data. */
export interface Graph {
  /** Every stage, upstream before downstream; ties in the order given. */
  readonly order: readonly StageId[];
  upstream(id: StageId): readonly StageId[];
  downstream(id: StageId): readonly StageId[];
  /** All stages above, nearest first; without the stage itself. */
  ancestors(id: StageId): readonly StageId[];
  /** All stages below, nearest first; without the stage itself. */
  descendants(id: StageId): readonly StageId[];
  /** True where one path of the graph holds both (a stage is on a path with itself). */
  onOnePath(a: StageId, b: StageId): boolean;
}

/** Thrown by `graphOf` when stages feed each other in a circle; `members` names them in order. */
export class CycleError extends Error {
  readonly members: readonly StageId[];
  constructor(members: readonly StageId[]) {
    super(`stages feed each other in a circle: ${members.join(' → ')}`);
    this.name = 'CycleError';
    this.members = members;
  }
}

/**
 * Builds the graph from each stage's list of feeders. Feeders that are not stages themselves are ignored (config reports them).
 * Cost: O(stages × edges) once for each question asked, then remembered.
 *
 * @throws CycleError
 */
export function graphOf(after: ReadonlyMap<StageId, readonly StageId[]>): Graph {
  const up = new Map([...after].map(([id, list]) => [id, list.filter((one) => after.has(one))]));
  const down = new Map<StageId, StageId[]>([...after.keys()].map((id) => [id, []]));
  for (const [id, list] of up) for (const feeder of list) down.get(feeder)?.push(id);
  const reach = (edges: ReadonlyMap<StageId, readonly StageId[]>) => {
    const known = new Map<StageId, readonly StageId[]>();
    return (id: StageId): readonly StageId[] => {
      const found = known.get(id) ?? breadthFirst(id, edges);
      known.set(id, found);
      return found;
    };
  };
  const ancestors = reach(up);
  const descendants = reach(down);
  return {
    order: topological(up),
    upstream: (id) => up.get(id) ?? [],
    downstream: (id) => down.get(id) ?? [],
    ancestors,
    descendants,
    onOnePath: (a, b) => a === b || ancestors(a).includes(b) || descendants(a).includes(b),
  };
}

function breadthFirst(from: StageId, edges: ReadonlyMap<StageId, readonly StageId[]>): StageId[] {
  const seen = new Set<StageId>([from]);
  const queue = [...(edges.get(from) ?? [])];
  const found: StageId[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (seen.has(next)) continue;
    seen.add(next);
    found.push(next);
    queue.push(...(edges.get(next) ?? []));
  }
  return found;
}

function topological(up: ReadonlyMap<StageId, readonly StageId[]>): StageId[] {
  const done = new Set<StageId>();
  const order: StageId[] = [];
  const visit = (id: StageId, path: readonly StageId[]): void => {
    if (done.has(id)) return;
    const at = path.indexOf(id);
    if (at >= 0) throw new CycleError([...path.slice(at), id]);
    for (const feeder of up.get(id) ?? []) visit(feeder, [...path, id]);
    done.add(id);
    order.push(id);
  };
  for (const id of up.keys()) visit(id, []);
  return order;
}
