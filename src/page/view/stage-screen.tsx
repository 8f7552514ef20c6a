import type { ApiStage } from '../../server/api.ts';
import { exclusionText, shownUntil } from '../model/ahead.ts';
import { incidentName, nameOf, pipelineOf } from '../model/names.ts';
import { ribbonOf } from '../model/ribbon.ts';
import { incidentHash } from '../model/route.ts';
import { heldStages, incidentOf, learnedShare, STATE_WORD, stateOf } from '../model/state.ts';
import { beginningOf, isUnasked, shownWindow, UNASKED } from '../model/window.ts';
import { clock, clockOrDay, duration, epoch } from '../text/time.ts';
import { Decisions } from './decisions.tsx';
import { Glyph } from './glyph.tsx';
import { incidentMarks } from './incident-chart.tsx';
import { Neighbours } from './neighbours.tsx';
import { usePage } from './page.ts';
import { RangePicker } from './range-picker.tsx';
import { Ribbon } from './ribbon.tsx';
import { SignalChart } from './signal-chart.tsx';
import { StageActions } from './stage-actions.tsx';
import { StageGates } from './stage-gates.tsx';
import { LearningBox, WhyBox } from './why.tsx';

/** More signals than this are too many charts to compare. */
const MOST_CHARTS = 12;

function Summary(props: { stage: ApiStage }) {
  const { fleet, held, now } = usePage();
  const { stage } = props;
  const state = stateOf(stage, held);
  const incident = incidentOf(stage.id, fleet.incidents);
  const lasted = stage.since ? ` for ${duration(now - epoch(stage.since))}` : '';
  const [gap, because] = [stage.gaps[0]?.message, stage.sentence || undefined];
  const reason = (stage.verdict === 'unknown' ? (gap ?? because) : (because ?? gap)) ?? '';
  return (
    <p class="summary">
      <b>
        {STATE_WORD[state]}
        {lasted}.
      </b>{' '}
      {reason && (/[.!?]$/.test(reason) ? reason : `${reason}.`)}{' '}
      {incident && (
        <>
          {incident.root === stage.id ? 'Root of ' : `Part of the incident at ${nameOf(incident.root)}, `}
          <a href={incidentHash(incident.id)}>{incidentName(incident.id)}</a>.
        </>
      )}
    </p>
  );
}

function Gone(props: { id: string }) {
  return (
    <section class="card headline unknown">
      <h1>{nameOf(props.id)} is not watched.</h1>
      <p>
        No stage <b>{props.id}</b> is in the configuration that Headgate runs with now. <a href="#/">All stages</a>
      </p>
    </section>
  );
}

/** Contributing signals first, then as configured. */
function inOrder(stage: ApiStage): ApiStage['signals'] {
  const shares = new Map(stage.because.flatMap((one) => one.contributions.map((part) => [part.signal, part.share])));
  for (const one of stage.because) shares.set(one.subject.slice(one.subject.indexOf('/') + 1), 2);
  return [...stage.signals].sort((a, b) => (shares.get(b.signal) ?? 0) - (shares.get(a.signal) ?? 0));
}

/** One stage: what it is, how it has been, every signal with its band, why, gates, decisions. */
export function StageScreen(props: { id: string }) {
  const { fleet, session, route, now, held } = usePage();
  const stage = fleet.stages.get(props.id);
  if (!stage) return <Gone id={props.id} />;
  const incident = incidentOf(stage.id, fleet.incidents);
  const unasked = isUnasked(route) ? session.series.want(stage.id, UNASKED, 'chart') : undefined;
  const shown = shownWindow(route, now, incident, beginningOf(unasked));
  // A window that has grown shows the coarser line until its own is there.
  const series = session.series.want(stage.id, shown.window, 'chart') ?? unasked;
  const incidents = fleet.incidents.filter((one) => one.affected.includes(stage.id));
  const touching = new Set([stage.id, ...stage.after]);
  const leases = fleet.leases.filter(
    (lease) => touching.has(lease.stage) || incidents.some((one) => one.id === lease.incident),
  );
  const until = shown.live ? shownUntil(series, shown.from, now) : shown.to;
  const marks = incidentMarks(incidents, leases, { fleet, now });
  const signals = inOrder(stage);
  const state = stateOf(stage, held);
  const ribbon = ribbonOf(stage, incidents, series, shown.from, shown.to).map((one) =>
    state === 'learning' && one.state === 'unknown' ? { ...one, state: 'learning' as const } : one,
  );
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href="#/">Overview</a> / {pipelineOf(stage.id)} / {nameOf(stage.id)}
      </nav>
      <div class="stage-head">
        <div>
          <h1 class={state}>
            <Glyph state={state} big learned={learnedShare(stage)} />
            {heldStages([stage], fleet.leases).has(stage.id) && state !== 'held' && <Glyph state="held" big />}
            {nameOf(stage.id)}
            <span class="dim">
              {pipelineOf(stage.id)} · asked every {duration(stage.everySeconds * 1_000)}
              {stage.at && `, last ${clockOrDay(epoch(stage.at), now)}`}
            </span>
          </h1>
          <Summary stage={stage} />
          {stage.excluded.map((range) => (
            <p key={`${range.signal} ${range.from}`} class="dim">
              Not learned, and judged by limits alone: {exclusionText(range)}.
            </p>
          ))}
          <Neighbours stage={stage} />
        </div>
        {incident && <StageActions incident={incident} />}
      </div>
      <div class="ribbon-head">
        <Ribbon stretches={ribbon} from={shown.from} to={shown.to} label="State" />
        <RangePicker shown={shown} />
      </div>
      <div class="columns">
        <div class="main-column">
          <div class="charts">
            {signals.slice(0, MOST_CHARTS).map((signal) => (
              <SignalChart
                key={signal.signal}
                stage={stage}
                signal={signal}
                series={series}
                shown={shown}
                until={until}
                marks={marks}
              />
            ))}
          </div>
          {signals.length > MOST_CHARTS && (
            <p class="dim">
              {signals.length - MOST_CHARTS} more signals are calm:{' '}
              {signals
                .slice(MOST_CHARTS)
                .map((one) => one.signal)
                .join(', ')}
              .
            </p>
          )}
          {signals.length === 0 && <p class="empty">No answer yet, so no signal is known. First probe {clock(now)}.</p>}
          <Decisions
            decisions={fleet.decisions.filter(
              (one) => one.stage === stage.id || (incident && one.incident === incident.id),
            )}
            withStage
          />
        </div>
        <aside class="side-column" aria-label="Why, gates and learning">
          <WhyBox stage={stage} />
          <StageGates stage={stage} />
          <LearningBox stage={stage} />
        </aside>
      </div>
    </>
  );
}
