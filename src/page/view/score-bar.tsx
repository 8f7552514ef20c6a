import type { State } from '../model/state.ts';
import { formatScore } from '../text/number.ts';

/** The score on s / (1 + s), so that the page line (1) is always the tick in the middle. */
export function ScoreBar(props: { score: number | null; state: State }) {
  if (props.score === null) return <span class="dim">–</span>;
  const share = props.score / (1 + props.score);
  return (
    <>
      <svg class={`score-bar ${props.state}`} viewBox="0 0 62 14" aria-hidden="true">
        <rect class="track" x="0" y="3" width="62" height="8" rx="1.5" />
        <rect class="fill" x="0" y="3" width={Math.max(1, 62 * share)} height="8" rx="1.5" />
        <rect class="tick" x="30" y="0" width="2" height="14" />
      </svg>
      <span class="number">{formatScore(props.score)}</span>
    </>
  );
}

/** A share of a whole as a bar, with an optional limit tick. */
export function Bar(props: { share: number; kind: string; limit?: number }) {
  const share = Math.max(0, Math.min(1, props.share));
  return (
    <svg class={`bar ${props.kind}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="6" rx="1" />
      <rect class="fill" width={100 * share} height="6" rx="1" />
      {props.limit !== undefined && <rect class="limit" x={100 * props.limit - 0.6} width="1.2" height="6" />}
    </svg>
  );
}
