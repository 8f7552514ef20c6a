import type { ApiStage } from '../../server/api.ts';
import { exclusionText } from '../model/ahead.ts';
import { readyAt } from '../model/fleet.ts';
import { partOf } from '../model/names.ts';
import { partsOf } from '../model/parts.ts';
import { fieldsHash } from '../model/route.ts';
import { learnedShare, stateOf } from '../model/state.ts';
import { commands } from '../net/commands.ts';
import { counting, formatPercent, formatScore } from '../text/number.ts';
import { clock, clockOrDay, duration, epoch } from '../text/time.ts';
import { FailureNote, useCommand } from './command.tsx';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';
import { Shares } from './shares.tsx';
import { Votes } from './votes.tsx';

function Gaps(props: { stage: ApiStage }) {
  const { stage } = props;
  return (
    <section class="card box">
      <h2>
        <Glyph state="unknown" /> No answer
      </h2>
      {stage.gaps.map((gap) => (
        <p key={gap.probe}>
          <b>{gap.probe}</b> <span class="dim">{gap.code}</span>
          <br />
          {gap.message}
        </p>
      ))}
      <p class="dim">
        Asked again every {duration(stage.everySeconds * 1_000)}. A missing answer is not a zero, and never an anomaly.
      </p>
    </section>
  );
}

/** What the verdict rests on: detectors, scores, and the share of each signal. */
function Because(props: { stage: ApiStage; state: string }) {
  const { stage } = props;
  const first = stage.because[0];
  if (!first) {
    const calm = stage.verdict === 'ok' ? 'Nothing is above its line.' : 'No score yet; fixed limits apply.';
    return <p>{calm}</p>;
  }
  return (
    <>
      <Shares parts={partsOf(stage)} kind={props.state} />
      {stage.because.slice(0, 4).map((one) => (
        <div key={`${one.subject} ${one.detector}`}>
          <p>
            {one.text}{' '}
            <span class="dim">
              {one.detector}, score {formatScore(one.score)}
            </span>
          </p>
          <Votes votes={one.votes} />
        </div>
      ))}
    </>
  );
}

function Probability(props: { stage: ApiStage }) {
  const least = Math.min(...props.stage.signals.map((signal) => signal.pValue ?? 1));
  if (least >= 0.05) return null;
  return (
    <p class="dim">p = {Number(least.toPrecision(1)).toString()} for the most surprising signal, under its own past.</p>
  );
}

export function WhyBox(props: { stage: ApiStage }) {
  const { held } = usePage();
  const { stage } = props;
  const state = stateOf(stage, held);
  return (
    <>
      {stage.gaps.length > 0 && <Gaps stage={stage} />}
      <section class="card box">
        <h2>Why {stage.score !== null && <span class="dim">score {formatScore(stage.score)}, line 1</span>}</h2>
        <Because stage={stage} state={state} />
        <Probability stage={stage} />
      </section>
    </>
  );
}

/** How far the stage has learned, and whether it learns now. */
export function LearningBox(props: { stage: ApiStage }) {
  const { fleet, now, say } = usePage();
  const { busy, failure, run } = useCommand();
  const { stage } = props;
  const share = learnedShare(stage);
  const ready = readyAt(fleet, stage);
  const subject = stage.because[0]?.subject;
  const accept = async (): Promise<void> => {
    if (subject && (await run(() => commands.accept(subject)))) say('Accepted as normal.');
  };
  return (
    <section class="card box">
      <h2>Learning</h2>
      <p>
        <Glyph state={share < 1 ? 'learning' : 'ok'} learned={share} />{' '}
        {share < 1 ? `${formatPercent(share)} learned` : 'ready'}
        {share < 1 && ready !== undefined && `, ready about ${clockOrDay(ready, now)}`}
        {share < 1 && '. Fixed limits work from the start.'}
      </p>
      {stage.excluded.map((range) => (
        <p key={`${range.signal} ${range.from}`}>
          <b>Not learned:</b> {exclusionText(range)}.
        </p>
      ))}
      {stage.frozen && stage.excluded.every(({ signal }) => signal !== null) && (
        <p>
          <b>Frozen</b>
          {stage.since && stage.verdict !== 'ok' ? ` since ${clock(epoch(stage.since))}` : ''}, so that what is strange
          now does not become normal.
        </p>
      )}
      {stage.relearning.map(({ detector, text }) => (
        <p key={detector}>
          <b>{detector}</b> {text}.
        </p>
      ))}
      {stage.blind.length > 0 && <p>Cannot judge: {stage.blind.map(partOf).join(', ')}.</p>}
      {stage.fields > 0 && (
        <p>
          <a href={fieldsHash(stage.id)}>{counting(stage.fields, 'field')}</a>,{' '}
          {stage.drifted > 0 ? `${stage.drifted} drifted` : 'none drifted'}.
        </p>
      )}
      {subject && (
        <button type="button" class="button small" disabled={busy || fleet.readOnly} onClick={accept}>
          Accept {partOf(subject) === '*' ? 'this' : partOf(subject)} as the new normal
        </button>
      )}
      <FailureNote failure={failure} />
    </section>
  );
}
