import { headlineOf } from '../model/headline.ts';
import { pipelineOf } from '../model/names.ts';
import type { Row } from '../model/row.ts';
import { openIncidents, STATE_WORD } from '../model/state.ts';
import { Canal } from './canal.tsx';
import { Glyph } from './glyph.tsx';
import { IncidentCard, OtherIncidents } from './incident-card.tsx';
import { usePage } from './page.ts';
import { BudgetBox, GatesBox, HappenedBox } from './side.tsx';
import { StageTable } from './stage-table.tsx';

function HeadlineCard() {
  const { fleet, rows, now } = usePage();
  const head = headlineOf(fleet, rows, now);
  const learned = rows.reduce((sum, row) => sum + row.learned, 0) / rows.length;
  return (
    <section class={`card headline ${head.state}`} aria-labelledby="headline">
      <p class={`facts ${head.state}`}>
        <Glyph state={head.state} learned={learned} />
        <b>{STATE_WORD[head.state]}</b>
        {head.since && <span class="dim">{head.since}</span>}
      </p>
      <h1 id="headline">{head.sentence}</h1>
      <p class="dim">
        {head.facts.map((fact, index) => (
          <span key={fact.text}>
            {index > 0 && ' · '}
            {fact.href ? <a href={fact.href}>{fact.text}</a> : fact.text}
          </span>
        ))}
      </p>
    </section>
  );
}

function NoStages() {
  return (
    <section class="card headline unknown" aria-labelledby="headline">
      <h1 id="headline">No stage is configured yet.</h1>
      <p>Name a pipeline, a stage and where to read, then check the file; Headgate loads it when it changes.</p>
      <pre>
        {
          'pipelines:\n  orders:\n    stages:\n      enrich: { probes: [ { type: metrics-endpoint, url: http://enrich:9102/metrics } ] }'
        }
      </pre>
      <pre>headgate check headgate.yaml</pre>
    </section>
  );
}

/** The pipeline of the worst stage; where nothing is wrong, the one with the most stages. */
function pipelineToShow(rows: readonly Row[]): string {
  const [worst] = rows;
  if (!worst) return '';
  if (worst.state !== 'ok' && worst.state !== 'learning') return worst.pipeline;
  const sizes = Map.groupBy(rows, (row) => row.pipeline);
  return [...sizes].reduce((most, one) => (one[1].length > most[1].length ? one : most))[0];
}

/** The first screen: what is wrong, the pipeline it is in, all stages worst first, gates, budget, what happened. */
export function Overview() {
  const { fleet, rows, route } = usePage();
  if (fleet.stages.size === 0) return <NoStages />;
  const [first, ...others] = openIncidents(fleet.incidents);
  const asked = route.query.pipeline;
  const known = asked && rows.some((row) => row.pipeline === asked) ? asked : undefined;
  const pipeline = known ?? (first ? pipelineOf(first.root) : pipelineToShow(rows));
  return (
    <>
      {first ? <IncidentCard incident={first} /> : <HeadlineCard />}
      <OtherIncidents incidents={others} />
      <div class="columns">
        <div class="main-column">
          <Canal pipeline={pipeline} leases={fleet.leases} />
          <StageTable />
        </div>
        <aside class="side-column" aria-label="Gates, budget and events">
          <GatesBox />
          <BudgetBox />
          <HappenedBox />
        </aside>
      </div>
    </>
  );
}
