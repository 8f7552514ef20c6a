import { nameOf } from '../model/names.ts';
import { stageHash } from '../model/route.ts';
import { piecesOf } from '../text/rich.ts';
import { inReadersZone } from '../text/zone.ts';
import { usePage } from './page.ts';

/** A sentence of the daemon with its numbers made strong and its stages made links. */
export function Rich(props: { text: string; pipeline: string }) {
  const { fleet, now } = usePage();
  const find = (name: string): string | undefined => {
    const id = name.includes('.') ? name : `${props.pipeline}.${name}`;
    return fleet.stages.has(id) ? id : undefined;
  };
  return (
    <>
      {piecesOf(inReadersZone(props.text, now), find).map((piece, index) =>
        piece.kind === 'plain' ? (
          piece.text
        ) : piece.kind === 'strong' ? (
          <b key={index}>{piece.text}</b>
        ) : (
          <a key={index} class="stage-link" href={stageHash(piece.id)}>
            {nameOf(piece.id)}
          </a>
        ),
      )}
    </>
  );
}
