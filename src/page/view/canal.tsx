import type { ApiLease, ApiStage } from '../../server/api.ts';
import { flowOf } from '../model/flow.ts';
import { type Canal as CanalPlan, canalOf, neighbourhood, type Place } from '../model/graph.ts';
import { gateMark, isEndToEnd, isHeld, pipelineOf } from '../model/names.ts';
import { withQuery } from '../model/route.ts';
import { counting } from '../text/number.ts';
import { CanalWater, type Shape } from './canal-water.tsx';
import { usePage } from './page.ts';
import { StageNode } from './stage-node.tsx';
import { useWidth } from './use-width.ts';

const NODE_HEIGHT = 50;
const LANE = 72;
const FLOOR = 92;
/** A larger pipeline is drawn around what is not normal; the table has the rest. */
const MOST_NODES = 60;

/** Columns side by side on a laptop; on a phone the water flows down and lanes stand side by side. */
function shapeOf(plan: CanalPlan, width: number, tall: boolean): Shape {
  if (tall) {
    const columns = Math.max(1, plan.lanes);
    const pitch = Math.max(122, width / columns);
    const node = { width: Math.min(170, pitch - 6), height: NODE_HEIGHT };
    const at = (place: Place) => ({ x: place.lane * pitch + (pitch - node.width) / 2, y: place.depth * FLOOR });
    return { node, at, width: columns * pitch, height: plan.depths * FLOOR - 30, tall };
  }
  const pitch = Math.min(216, Math.max(176, width / Math.max(1, plan.depths)));
  const node = { width: Math.min(152, pitch - 46), height: NODE_HEIGHT };
  const at = (place: Place) => ({ x: 2 + place.depth * pitch, y: 2 + place.lane * LANE });
  const needed = (plan.depths - 1) * pitch + node.width + 4;
  return { node, at, width: needed, height: Math.max(0, plan.lanes - 1) * LANE + NODE_HEIGHT + 20, tall };
}

function headingText(shown: number, all: number): string {
  if (shown === all) return `${counting(all, 'stage')} · water is records, gates are ours`;
  if (shown === 0) return `${counting(all, 'stage')}, all normal; the canal is drawn around what is not`;
  return `${shown} of ${all} stages, around what is not normal · water is records, gates are ours`;
}

function Heading(props: { pipeline: string; shown: number; all: number }) {
  const { route, fleet } = usePage();
  const pipelines = [...new Set(Array.from(fleet.stages.keys(), pipelineOf))];
  const others = pipelines.length <= 12 ? pipelines.filter((name) => name !== props.pipeline) : [];
  return (
    <h2 class="canal-heading">
      <b>{props.pipeline}</b> <span class="dim">{headingText(props.shown, props.all)}</span>
      <span class="pipelines">
        {others.map((name) => (
          <a key={name} href={withQuery(route, { pipeline: name })}>
            {name}
          </a>
        ))}
      </span>
    </h2>
  );
}

function gatesOf(leases: readonly ApiLease[], stages: ReadonlyMap<string, ApiStage>) {
  return leases
    .filter((lease) => isHeld(lease) && stages.has(lease.stage))
    .map((lease) => ({ stage: lease.stage, mark: gateMark(lease.request, stages.get(lease.stage)?.valve) }));
}

/** One pipeline as a canal: stages with their states, water by flow, our gates on the water. */
export function Canal(props: { pipeline: string; leases: readonly ApiLease[] }) {
  const { fleet, rows } = usePage();
  const [box, width] = useWidth<HTMLDivElement>();
  const nodes = Array.from(fleet.stages.values()).filter(
    (stage) => pipelineOf(stage.id) === props.pipeline && !isEndToEnd(stage.id),
  );
  const odd = new Set(rows.filter((row) => row.state !== 'ok' && row.state !== 'learning').map((row) => row.id));
  const drawn = neighbourhood(nodes, odd, MOST_NODES);
  const plan = canalOf(drawn);
  const shape = shapeOf(plan, width, width < 560);
  const byId = new Map(drawn.map((stage) => [stage.id, stage]));
  const places = new Map(plan.places.map((place) => [place.id, place]));
  const waters = plan.edges.map((edge) => ({
    ...edge,
    flow: flowOf(byId.get(edge.from), byId.get(edge.to)),
  }));
  return (
    <section class="canal" aria-label={`Stages of ${props.pipeline}`}>
      <Heading pipeline={props.pipeline} shown={drawn.length} all={nodes.length} />
      <div class="canal-scroll" ref={box}>
        {drawn.length > 0 && (
          <div class="canal-plan" style={{ width: `${shape.width}px`, height: `${shape.height}px` }}>
            <CanalWater shape={shape} places={places} waters={waters} gates={gatesOf(props.leases, byId)} />
            <ul class="bare">
              {plan.places.map((place) => {
                const stage = byId.get(place.id);
                return stage && <StageNode key={place.id} stage={stage} place={place} shape={shape} />;
              })}
            </ul>
          </div>
        )}
      </div>
    </section>
  );
}
