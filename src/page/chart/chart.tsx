import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { usePage } from '../view/page.ts';
import { useWidth } from '../view/use-width.ts';
import { coloursOf } from './colours.ts';
import type { Marks } from './marks.ts';
import type { Scene } from './paint.ts';
import { makePlot, plotData } from './plot.ts';
import { ChartCursor, ChartTable } from './reading.tsx';
import type { SparkInput } from './spark.ts';

export interface ChartProps {
  /** Which signal of which stage, for readers who cannot see the chart. */
  readonly label: string;
  readonly unit: string;
  readonly data: SparkInput | undefined;
  readonly from: number;
  readonly to: number;
  readonly now: number;
  readonly height: number;
  readonly marks: Marks;
  readonly labels?: boolean;
  readonly sync?: string;
  readonly onPoint?: (index: number | null) => void;
}

const NOTHING: SparkInput = { at: [], value: [], lower: [], upper: [] };

/** False while the chart is far from the screen: it then keeps its last picture. True until that is known. */
function useOnScreen(box: { current: HTMLElement | null }): boolean {
  const [seen, setSeen] = useState(true);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => setSeen(entry?.isIntersecting ?? true), {
      rootMargin: '200px',
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return seen;
}

/** Value and expected band over time. Arrow keys move the cursor, Enter opens the numbers as a table. */
export function Chart(props: ChartProps) {
  const { theme } = usePage();
  const [box, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot>(undefined);
  const scene = useRef<Scene>(undefined);
  const [table, setTable] = useState(false);
  const seen = useOnScreen(box);
  const data = props.data ?? NOTHING;

  useEffect(() => {
    const element = box.current;
    if (!element || width === 0) return;
    const fresh = (): Scene => ({
      data,
      marks: props.marks,
      now: props.now,
      from: props.from,
      to: props.to,
      labels: props.labels ?? false,
      colours: coloursOf(element),
    });
    scene.current = fresh();
    const made = makePlot(element, {
      width,
      height: props.height,
      unit: props.unit,
      sync: props.sync,
      scene: () => scene.current ?? fresh(),
      onCursor: (index) => props.onPoint?.(index),
    });
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = undefined;
    };
    // The window moves every second; it is moved below, without a new chart.
  }, [width, theme, props.unit, props.height, props.sync]);

  useEffect(() => {
    const current = plot.current;
    if (!current || !scene.current || !seen) return;
    scene.current = { ...scene.current, data, marks: props.marks, now: props.now, from: props.from, to: props.to };
    current.setData(plotData(scene.current));
  }, [data, seen, props.from, props.to, Math.floor(props.now / 2_000), JSON.stringify(props.marks)]);

  return (
    <div class="chart">
      <div ref={box} class="plot" style={{ minHeight: `${props.height}px` }} />
      <ChartCursor
        {...props}
        data={data}
        move={(index) => moveCursor(plot.current, data, index)}
        open={() => setTable(!table)}
      />
      {table && <ChartTable label={props.label} unit={props.unit} data={data} />}
    </div>
  );
}

function moveCursor(plot: uPlot | undefined, data: SparkInput, index: number): void {
  const at = data.at[index];
  if (!plot || at === undefined) return;
  plot.setCursor({ left: plot.valToPos(at / 1_000, 'x'), top: 10 });
}
