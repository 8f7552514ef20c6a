import { waterWidth } from '../model/flow.ts';
import type { Place } from '../model/graph.ts';

/** How a canal is laid out on this screen. */
export interface Shape {
  readonly node: { readonly width: number; readonly height: number };
  readonly at: (place: Place) => { readonly x: number; readonly y: number };
  readonly width: number;
  readonly height: number;
  /** The water flows down instead of right. */
  readonly tall: boolean;
}

interface Water {
  readonly from: string;
  readonly to: string;
  readonly flow: number | undefined;
}

function pathOf(shape: Shape, from: Place, to: Place): string {
  const [a, b] = [shape.at(from), shape.at(to)];
  const { width, height } = shape.node;
  if (shape.tall) {
    const [x0, y0, x1, y1] = [a.x + width / 2, a.y + height, b.x + width / 2, b.y];
    const bend = (y1 - y0) / 2;
    return `M${x0} ${y0}C${x0} ${y0 + bend} ${x1} ${y1 - bend} ${x1} ${y1}`;
  }
  const [x0, y0, x1, y1] = [a.x + width, a.y + height / 2, b.x, b.y + height / 2];
  const bend = Math.min(44, (x1 - x0) * 0.6);
  return `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`;
}

/** Two posts, and a plate let down between them; the mark says how far. */
function Gate(props: { shape: Shape; place: Place; mark: string }) {
  const { shape } = props;
  const at = shape.at(props.place);
  const x = shape.tall ? at.x + shape.node.width / 2 : at.x + shape.node.width + 22;
  const y = shape.tall ? at.y + shape.node.height + 14 : at.y + shape.node.height / 2;
  const turned = shape.tall ? ` rotate(90)` : '';
  return (
    <g class="gate">
      <g transform={`translate(${x} ${y})${turned}`}>
        <path d="M-8 -19V17M8 -19V17" stroke-width="2" />
        <rect x="-6" y="-17" width="12" height={props.mark === 'shut' ? 30 : 19} rx="1.5" />
      </g>
      <text x={shape.tall ? x + 30 : x} y={shape.tall ? y + 4 : y + 34} text-anchor={shape.tall ? 'start' : 'middle'}>
        {props.mark}
      </text>
    </g>
  );
}

/** Beds, water and gates, drawn under the stages. What it shows is said in words elsewhere. */
export function CanalWater(props: {
  shape: Shape;
  places: ReadonlyMap<string, Place>;
  waters: readonly Water[];
  gates: readonly { readonly stage: string; readonly mark: string }[];
}) {
  const { shape, places } = props;
  const lines = props.waters.flatMap((water) => {
    const [from, to] = [places.get(water.from), places.get(water.to)];
    return from && to ? [{ ...water, path: pathOf(shape, from, to) }] : [];
  });
  return (
    <svg class="water" width={shape.width} height={shape.height} aria-hidden="true">
      {lines.map((line) => (
        <path key={`bed ${line.from} ${line.to}`} class="bed" d={line.path} stroke-width="14" />
      ))}
      {lines.map((line) => (
        <path
          key={`flow ${line.from} ${line.to}`}
          class={line.flow === undefined ? 'flow unmeasured' : 'flow'}
          d={line.path}
          stroke-width={waterWidth(line.flow)}
        />
      ))}
      {props.gates.map((gate) => {
        const place = places.get(gate.stage);
        return place && <Gate key={gate.stage} shape={shape} place={place} mark={gate.mark} />;
      })}
    </svg>
  );
}
