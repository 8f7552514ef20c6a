import type { ApiVote } from '../../server/api.ts';
import { formatProbability } from '../text/number.ts';

/** The tests behind a score, most surprising first; nothing where the detector put only one. */
export function Votes(props: { votes: readonly ApiVote[] }) {
  if (props.votes.length === 0) return null;
  return (
    <ul class="votes bare" aria-label="Votes">
      {props.votes.slice(0, 6).map(({ vote, surprise }) => (
        <li key={vote}>
          <span>{vote}</span> <span class="dim">p = {formatProbability(surprise)}</span>
        </li>
      ))}
    </ul>
  );
}
