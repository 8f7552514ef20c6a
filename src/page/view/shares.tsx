import type { Part } from '../model/parts.ts';
import { formatPercent } from '../text/number.ts';
import { Bar } from './score-bar.tsx';

const MOST = 6;

/** Which signals made it so: a bar for each, with what it shows beside what was expected of it. */
export function Shares(props: { parts: readonly Part[]; kind: string }) {
  return (
    <ul class="shares bare" aria-label="Shares in the surprise">
      {props.parts.slice(0, MOST).map((one) => (
        <li key={one.signal}>
          <span>{one.signal}</span>
          <Bar share={one.share} kind={props.kind} />
          <b>{formatPercent(one.share)}</b>
          {one.value !== '' && (
            <span class="seen">
              <span class={one.outside ? `value ${props.kind}` : 'value'}>{one.value}</span>
              {one.expected !== '' && <span class="dim">, expected {one.expected}</span>}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
