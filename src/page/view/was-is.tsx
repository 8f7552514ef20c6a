import type { ApiProfile } from '../../server/api.ts';
import { barsOf } from '../model/field.ts';
import { formatPercent } from '../text/number.ts';

const HEIGHT = 40;
const WIDTH = 168;

/** How a field was spread (area) and is (outlined bars), over the same bins. Words for who does not see it. */
export function WasIs(props: { field: ApiProfile; large?: boolean }) {
  const bars = barsOf(props.field);
  if (!bars) return <span class="dim">nothing to draw</span>;
  const [width, height] = props.large ? [3 * WIDTH, 3 * HEIGHT] : [WIDTH, HEIGHT];
  const most = Math.max(...bars.was, ...bars.is, 1e-9);
  const step = width / bars.names.length;
  const [reference] = [props.field.reference];
  const peak = bars.names[bars.is.indexOf(Math.max(...bars.is))] ?? '';
  const share = formatPercent(Math.max(...bars.is));
  return (
    <svg
      class="was-is"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${props.field.field}: most values now are ${peak}, ${share}${reference ? '' : '; there is no reference yet'}`}
    >
      {bars.was.map((value, index) => (
        <rect
          key={`was ${bars.names[index]}`}
          class="was"
          x={index * step}
          y={height - (height * value) / most}
          width={step}
          height={(height * value) / most}
        />
      ))}
      {bars.is.map((value, index) => (
        <rect
          key={`is ${bars.names[index]}`}
          class="is"
          x={index * step + 1}
          y={height - (height * value) / most + 0.75}
          width={Math.max(1, step - 2)}
          height={Math.max(0, (height * value) / most - 0.75)}
        >
          <title>{`${bars.names[index]}: was ${formatPercent(bars.was[index] ?? 0)}, is ${formatPercent(value)}`}</title>
        </rect>
      ))}
    </svg>
  );
}
