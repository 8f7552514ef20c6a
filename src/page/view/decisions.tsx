import type { ApiDecision } from '../../server/api.ts';
import { inWords, nameOf } from '../model/names.ts';
import { stageHash } from '../model/route.ts';
import { clockOrDay, epoch } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';

/** Folds the same word of the same policy, said again and again, into its newest time. */
export function folded(decisions: readonly ApiDecision[]): { decision: ApiDecision; times: number }[] {
  const lines: { decision: ApiDecision; times: number }[] = [];
  for (const decision of decisions) {
    const same = lines.find(
      ({ decision: one }) =>
        one.policy === decision.policy &&
        one.kind === decision.kind &&
        one.reason === decision.reason &&
        one.incident === decision.incident &&
        one.stage === decision.stage,
    );
    if (same) same.times += 1;
    else lines.push({ decision, times: 1 });
  }
  return lines;
}

/** Every decision with its reason, every no included. */
export function Decisions(props: {
  decisions: readonly ApiDecision[];
  withStage?: boolean;
  most?: number;
  title?: string;
  empty?: string;
}) {
  const { now } = usePage();
  const lines = folded(props.decisions).slice(0, props.most ?? 12);
  return (
    <section class="card box wide" aria-labelledby="decisions-title">
      <h2 id="decisions-title">
        {props.title ?? 'Decisions'} <span class="dim">every no has a reason</span>
      </h2>
      {lines.length === 0 ? (
        <p>{props.empty ?? 'No policy had anything to decide here.'}</p>
      ) : (
        <div class="table-scroll">
          <table class="plain decisions">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Policy</th>
                {props.withStage && <th scope="col">Gate of</th>}
                <th scope="col">Decision</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {lines.map(({ decision, times }) => (
                <tr
                  key={`${decision.policy} ${decision.kind} ${decision.reason} ${decision.stage} ${decision.incident}`}
                >
                  <td class="dim nowrap">{clockOrDay(epoch(decision.at), now)}</td>
                  <th scope="row">{decision.policy}</th>
                  {props.withStage && (
                    <td>
                      <a href={stageHash(decision.stage)}>{nameOf(decision.stage)}</a>
                    </td>
                  )}
                  <td class="nowrap">
                    {decision.kind === 'withhold' ? (
                      'withhold'
                    ) : (
                      <span class="held-word">
                        <Glyph state="held" /> {decision.kind}
                      </span>
                    )}
                    {times > 1 && <span class="dim"> × {times}</span>}
                  </td>
                  <td>
                    <span class="dim">{inWords(decision.reason)}:</span> {decision.because}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
