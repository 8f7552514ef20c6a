import type { ApiStage } from '../../server/api.ts';
import type { Place } from '../model/graph.ts';
import { nameOf } from '../model/names.ts';
import { stageHash } from '../model/route.ts';
import { isOutside, valueText } from '../model/row.ts';
import { incidentOf, leadingSignal, learnedShare, STATE_WORD, stateOf } from '../model/state.ts';
import { formatPercent, shortSignal } from '../text/number.ts';
import type { Shape } from './canal-water.tsx';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';

function secondLine(stage: ApiStage, state: string, narrow: boolean): string {
  const signal = leadingSignal(stage);
  if (stage.at === null || !signal) return 'no data yet';
  if (state === 'learning')
    return narrow ? formatPercent(learnedShare(stage)) : `learning, ${formatPercent(learnedShare(stage))}`;
  if (signal.value === null || narrow) return valueText(signal);
  return `${shortSignal(signal.signal)} ${valueText(signal)}`;
}

/** One stage on the canal: state, name, the value that speaks for it. */
export function StageNode(props: { stage: ApiStage; place: Place; shape: Shape }) {
  const { fleet, held } = usePage();
  const { stage, shape } = props;
  const state = stateOf(stage, held);
  const root = incidentOf(stage.id, fleet.incidents)?.root === stage.id;
  const { x, y } = shape.at(props.place);
  const outside = isOutside(leadingSignal(stage)) && state !== 'ok';
  return (
    <li>
      <a
        class={`node ${state}${root ? ' root' : ''}`}
        href={stageHash(stage.id)}
        title={stage.id}
        style={{ left: `${x}px`, top: `${y}px`, width: `${shape.node.width}px`, height: `${shape.node.height}px` }}
      >
        <span class="node-name">
          <Glyph state={state} learned={learnedShare(stage)} />
          <span class="visually-hidden">{STATE_WORD[state]}: </span>
          <b>{nameOf(stage.id)}</b>
          {held.has(stage.id) && state !== 'held' && <Glyph state="held" />}
          {root && <span class={shape.tall ? 'visually-hidden' : 'root-word'}>root</span>}
        </span>
        <span class={outside ? 'node-value outside' : 'node-value'}>{secondLine(stage, state, shape.tall)}</span>
      </a>
    </li>
  );
}
