import type { ApiStage } from '../../server/api.ts';
import { nameOf } from '../model/names.ts';
import { stageHash } from '../model/route.ts';
import { STATE_WORD, stateOf } from '../model/state.ts';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';

function StageChip(props: { id: string }) {
  const { fleet, held } = usePage();
  const stage = fleet.stages.get(props.id);
  if (!stage) return null;
  const state = stateOf(stage, held);
  return (
    <a class={`chip ${state}`} href={stageHash(stage.id)}>
      <Glyph state={state} learned={0.6} />
      <span class="visually-hidden">{STATE_WORD[state]}:</span> {nameOf(stage.id)}
    </a>
  );
}

/** The stages that feed this one, and those it feeds. */
export function Neighbours(props: { stage: ApiStage }) {
  const { fleet } = usePage();
  const { stage } = props;
  const below = Array.from(fleet.stages.values()).filter((one) => one.after.includes(stage.id));
  if (stage.after.length + below.length === 0) return null;
  return (
    <p class="neighbours">
      {stage.after.length > 0 && (
        <>
          <span class="dim">from</span>
          {stage.after.map((id) => (
            <StageChip key={id} id={id} />
          ))}
        </>
      )}
      {below.length > 0 && (
        <>
          <span class="dim">to</span>
          {below.slice(0, 8).map((one) => (
            <StageChip key={one.id} id={one.id} />
          ))}
          {below.length > 8 && <span class="dim">and {below.length - 8} more</span>}
        </>
      )}
    </p>
  );
}
