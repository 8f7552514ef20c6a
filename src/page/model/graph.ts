/** Where one stage stands in the canal: how many stages the water has passed, and its lane. Both start at 0; lanes may be halves. */
export interface Place {
  readonly id: string;
  readonly depth: number;
  readonly lane: number;
}

export interface Canal {
  readonly places: readonly Place[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** Number of columns and of lanes. */
  readonly depths: number;
  readonly lanes: number;
}

export interface Node {
  readonly id: string;
  readonly after: readonly string[];
}

function depthsOf(nodes: readonly Node[]): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const depths = new Map<string, number>();
  const visit = (id: string, path: ReadonlySet<string>): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    const feeders = (byId.get(id)?.after ?? []).filter((one) => byId.has(one) && !path.has(one));
    const depth = feeders.length === 0 ? 0 : 1 + Math.max(...feeders.map((one) => visit(one, new Set([...path, id]))));
    depths.set(id, depth);
    return depth;
  };
  for (const node of nodes) visit(node.id, new Set());
  return depths;
}

/**
 * Lays the stages of one pipeline out as water flows: columns by the longest way from an origin, lanes so that branches never
 * share a lane and a stage stands in the middle of those it feeds. Feeders outside `nodes` are ignored. Cost: O(nodes + edges).
 */
export function canalOf(nodes: readonly Node[]): Canal {
  const depths = depthsOf(nodes);
  const edges = nodes.flatMap((node) =>
    node.after.filter((from) => depths.has(from)).map((from) => ({ from, to: node.id })),
  );
  const feeds = Map.groupBy(edges, (edge) => edge.from);
  const lanes = new Map<string, number>();
  let free = 0;
  const settle = (id: string): number => {
    lanes.set(id, Number.NaN);
    const own = (feeds.get(id) ?? []).map((edge) => edge.to).filter((to) => !lanes.has(to));
    const below = own.map((to) => (lanes.has(to) ? Number.NaN : settle(to))).filter((lane) => !Number.isNaN(lane));
    const lane = below.length === 0 ? free++ : (Math.min(...below) + Math.max(...below)) / 2;
    lanes.set(id, lane);
    return lane;
  };
  const origins = nodes.filter((node) => depths.get(node.id) === 0);
  for (const node of [...origins, ...nodes]) if (!lanes.has(node.id)) settle(node.id);
  const places = nodes.map((node) => ({ id: node.id, depth: depths.get(node.id) ?? 0, lane: lanes.get(node.id) ?? 0 }));
  return { places, edges, depths: 1 + Math.max(-1, ...depths.values()), lanes: free };
}

/**
 * The part of a large pipeline worth drawing: what is not normal first, then its neighbours, step by step, up to `most` stages.
 * A pipeline that is small enough is drawn whole; a large one where all is normal not at all.
 */
export function neighbourhood<T extends Node>(
  nodes: readonly T[],
  notNormal: ReadonlySet<string>,
  most: number,
): readonly T[] {
  if (nodes.length <= most) return nodes;
  const neighbours = new Map<string, string[]>(nodes.map((node) => [node.id, []]));
  for (const node of nodes) {
    for (const from of node.after) {
      neighbours.get(from)?.push(node.id);
      neighbours.get(node.id)?.push(from);
    }
  }
  const chosen = new Set<string>();
  const queue = nodes.filter((node) => notNormal.has(node.id)).map((node) => node.id);
  while (queue.length > 0 && chosen.size < most) {
    const id = queue.shift() as string;
    if (chosen.has(id) || !neighbours.has(id)) continue;
    chosen.add(id);
    queue.push(...(neighbours.get(id) ?? []));
  }
  return nodes.filter((node) => chosen.has(node.id));
}
