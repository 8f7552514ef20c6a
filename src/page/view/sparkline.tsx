import { sparkOf } from '../chart/spark.ts';
import type { State } from '../model/state.ts';
import { usePage } from './page.ts';

const HOUR = 3_600_000;
const WIDTH = 126;
const HEIGHT = 26;

/** The last hour of one signal with its band; a hatched end says that the answers stopped. */
export function Sparkline(props: { stage: string; signal: string; state: State }) {
  const { session, now, liveness } = usePage();
  const series = session.series.want(props.stage, { length: HOUR }, 'spark');
  const signal = series?.signals.find((one) => one.signal === props.signal);
  if (!signal || signal.at.length === 0)
    return <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" />;
  const spark = sparkOf(signal, now - HOUR, now, WIDTH, HEIGHT);
  const silent = liveness === 'offline' ? undefined : spark.silentFrom;
  return (
    <svg class={`spark ${props.state}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path class="band" d={spark.band} />
      <path class="line" d={spark.line} />
      {silent !== undefined && <rect class="silent" x={silent} y="4" width={WIDTH - silent} height={HEIGHT - 8} />}
      {spark.end && <circle class="end" cx={spark.end.x} cy={spark.end.y} r="2.3" />}
    </svg>
  );
}

/** Patterns that other drawings refer to; once in the page. */
export function Patterns() {
  return (
    <svg class="patterns" aria-hidden="true" width="0" height="0">
      <defs>
        <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(20)">
          <path class="hatch-line" d="M2 0v5" stroke-width="1.2" />
        </pattern>
      </defs>
    </svg>
  );
}
