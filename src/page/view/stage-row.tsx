import { stageHash } from '../model/route.ts';
import type { Row } from '../model/row.ts';
import { STATE_WORD } from '../model/state.ts';
import { Glyph } from './glyph.tsx';
import { ScoreBar } from './score-bar.tsx';
import { Sparkline } from './sparkline.tsx';

/** One line of the table; on a phone it folds into two. */
export function StageRow(props: { row: Row; index: number }) {
  const { row } = props;
  const under =
    row.because && row.state !== 'ok'
      ? row.because
      : `${row.signal} ${row.now}${row.expected && `, expected ${row.expected}`}`;
  return (
    <tr class={`row ${row.state}`} aria-rowindex={props.index + 2}>
      <td class={`c-state ${row.state}`}>
        <Glyph state={row.state} learned={row.learned} />
        <span class="word">{STATE_WORD[row.state]}</span>
      </td>
      <th scope="row" class="c-stage">
        <a class="stretched" data-row href={stageHash(row.id)}>
          {row.name}
        </a>
        <span class="dim"> {row.pipeline}</span>
        {row.held && row.state !== 'held' && <Glyph state="held" />}
        <span class="under">{under}</span>
      </th>
      <td class="c-score">
        <ScoreBar score={row.score} state={row.state} />
      </td>
      <td class="c-signal" title={row.signal}>
        {row.signal}
      </td>
      <td class={row.outside && row.state !== 'ok' ? 'c-now outside' : 'c-now'}>{row.now}</td>
      <td class="c-expected">{row.expected}</td>
      <td class="c-spark">
        <Sparkline stage={row.id} signal={row.signal} state={row.state} />
      </td>
      <td class="c-because" title={row.because}>
        {row.because}
      </td>
      <td class="c-for">{row.lasted}</td>
    </tr>
  );
}
