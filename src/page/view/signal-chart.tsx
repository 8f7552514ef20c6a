import { useState } from 'preact/hooks';
import type { ApiSeries, ApiSignal, ApiStage } from '../../server/api.ts';
import { Chart } from '../chart/chart.tsx';
import type { Marks } from '../chart/marks.ts';
import { excludedOf, outlookOf } from '../model/ahead.ts';
import { gapsOf } from '../model/ribbon.ts';
import { expectedText, isOutside, valueText } from '../model/row.ts';
import type { Shown } from '../model/window.ts';
import { formatPercent, formatRange, formatValue } from '../text/number.ts';
import { clock, duration } from '../text/time.ts';
import { usePage } from './page.ts';

/** What stands at the right of a chart's head: the band, the limit, or why there is none. */
function besideText(signal: ApiSignal): string {
  const limit = signal.limit === null || !signal.expected ? '' : `, limit ${formatValue(signal.limit, signal.unit)}`;
  const expected = expectedText(signal);
  if (signal.reach) {
    const { limit: reached, likelySeconds } = signal.reach;
    return `reaches ${formatValue(reached, signal.unit)} in about ${duration(likelySeconds * 1_000)}`;
  }
  if (signal.state === 'warming') return `learning, ${formatPercent(signal.learned ?? 0)}`;
  if (signal.state === 'gap') return signal.gap ?? 'no answer';
  if (signal.state === 'blind') return signal.detector === null ? 'not judged' : 'cannot be judged yet';
  return expected.startsWith('limit') || expected === '' ? expected : `expected ${expected}${limit}`;
}

/** One signal in small multiples: head with the value (or the one under the cursor), line, band and marks. */
export function SignalChart(props: {
  stage: ApiStage;
  signal: ApiSignal;
  series: ApiSeries | undefined;
  shown: Shown;
  /** Where the chart ends: after `shown` where something is likely. */
  until: number;
  marks: Pick<Marks, 'opened' | 'leases'>;
}) {
  const { now, session } = usePage();
  const [point, setPoint] = useState<number | null>(null);
  const { signal, series, shown } = props;
  const data = series?.signals.find((one) => one.signal === signal.signal);
  const asked = session.series.answered(props.stage.id, shown.window, 'chart');
  const at = point === null ? undefined : data?.at[point];
  const under = at === undefined || point === null ? undefined : data?.value[point];
  const [lower, upper] = [data?.lower[point ?? -1], data?.upper[point ?? -1]];
  const outlook = shown.live ? outlookOf(series, signal.signal, signal.unit, now) : undefined;
  const trouble = signal.state === 'ready' && isOutside(signal) && props.stage.verdict !== 'ok';
  return (
    <figure class="card signal-chart">
      <figcaption>
        <span class="strong">{signal.signal}</span>
        <span
          class={`value ${trouble && at === undefined ? (props.stage.verdict === 'unknown' ? '' : props.stage.verdict) : ''}`}
        >
          {at === undefined ? valueText(signal) : under == null ? 'no answer' : formatValue(under, signal.unit)}
        </span>
        <span class="dim expected">
          {at === undefined
            ? besideText(signal)
            : `${clock(at)}${lower != null && upper != null ? `, expected ${formatRange(lower, upper, signal.unit)}` : ''}`}
        </span>
      </figcaption>
      <Chart
        label={`${props.stage.stage} ${signal.signal}`}
        unit={signal.unit}
        data={data}
        from={shown.from}
        to={props.until}
        now={now}
        height={138}
        sync="stage"
        onPoint={setPoint}
        marks={{
          ...props.marks,
          gaps: series ? gapsOf(series, signal.signal) : [],
          excluded: excludedOf(series, signal.signal),
          ...(outlook && { outlook }),
        }}
      />
      {asked && (!data || data.at.length === 0) && <p class="no-data">No samples in this range.</p>}
    </figure>
  );
}
