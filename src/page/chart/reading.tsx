import { useState } from 'preact/hooks';
import { formatRange, formatValue } from '../text/number.ts';
import { clockSeconds } from '../text/time.ts';
import type { SparkInput } from './spark.ts';

/** One point in words: `03:07:30, 346 s, expected 1.8 to 16 s`. */
function pointText(data: SparkInput, index: number, unit: string): string {
  const at = data.at[index];
  if (at === undefined) return 'no data';
  const value = data.value[index];
  const [lower, upper] = [data.lower[index], data.upper[index]];
  const band = lower != null && upper != null ? `, expected ${formatRange(lower, upper, unit)}` : '';
  return `${clockSeconds(at)}, ${value == null ? 'no answer' : formatValue(value, unit)}${band}`;
}

/**
 * The keyboard's way into a chart: a slider over the points, so that arrow keys, Home and End work and the value is spoken
 * by the browser itself. Invisible; the chart shows the focus.
 */
export function ChartCursor(props: {
  label: string;
  unit: string;
  data: SparkInput;
  move: (index: number) => void;
  open: () => void;
}) {
  const last = Math.max(0, props.data.at.length - 1);
  const [index, setIndex] = useState<number>();
  const shown = Math.min(last, index ?? last);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') props.open();
    if (!event.shiftKey || !/^Arrow(Left|Right)$/.test(event.key)) return;
    event.preventDefault();
    go(shown + (event.key === 'ArrowLeft' ? -10 : 10));
  };
  const go = (next: number): void => {
    const clamped = Math.max(0, Math.min(last, next));
    setIndex(clamped);
    props.move(clamped);
  };
  return (
    <input
      class="chart-cursor"
      type="range"
      min={0}
      max={last}
      value={shown}
      aria-label={`${props.label}, time; Enter for the table`}
      aria-valuetext={pointText(props.data, shown, props.unit)}
      onInput={(event) => go(Number(event.currentTarget.value))}
      onKeyDown={onKeyDown}
    />
  );
}

const MOST_ROWS = 120;

/** The numbers behind a chart, at most 120 rows, newest first. */
export function ChartTable(props: { label: string; unit: string; data: SparkInput }) {
  const every = Math.max(1, Math.ceil(props.data.at.length / MOST_ROWS));
  const rows = props.data.at
    .map((_, index) => index)
    .filter((index) => (props.data.at.length - 1 - index) % every === 0);
  return (
    <table class="plain chart-table">
      <caption>{props.label}</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Value</th>
          <th scope="col">Expected</th>
        </tr>
      </thead>
      <tbody>
        {rows.reverse().map((index) => {
          const [lower, upper, value] = [props.data.lower[index], props.data.upper[index], props.data.value[index]];
          return (
            <tr key={index}>
              <td>{clockSeconds(props.data.at[index] ?? 0)}</td>
              <td>{value == null ? 'no answer' : formatValue(value, props.unit)}</td>
              <td>{lower != null && upper != null ? formatRange(lower, upper, props.unit) : ''}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
