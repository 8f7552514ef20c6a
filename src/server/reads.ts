import type { View } from '../domain/ports.ts';
import type { StageId } from '../domain/stage.ts';
import { HOUR, SECOND } from '../domain/time.ts';
import type { StageView } from '../domain/views.ts';
import { type Answer, badRequest, json, notFound } from './answer.ts';
import { choiceOf, lengthOfQuery, limitOf, timeOf } from './fields.ts';
import { toApiProfiles } from './profile-to-api.ts';
import type { Ask, Route } from './router.ts';
import { toApiSeries } from './series-to-api.ts';
import { toApiStage, toApiVerdict } from './stage-to-api.ts';
import { tellIncidents } from './stories.ts';
import { toApiBudget, toApiDecision, toApiHealth, toApiLease, toApiPolicy } from './to-api.ts';

const SEVERITIES = ['ok', 'warning', 'critical', 'unknown'] as const;
const INCIDENT_STATES = ['open', 'recovering', 'resolved'] as const;
const LEASE_STATES = ['pending', 'applying', 'active', 'reverting', 'released', 'failed'] as const;

/** Lists from the store are as long as this where nobody says; stages and verdicts come whole. */
const SOME = 100;
const MANY = 1_000;
const ALL = 100_000;
/** More points than any chart has pixels. */
const MAX_POINTS = 12_000;

/** Everything that can be read of the daemon. Lists are newest first. */
export function readRoutes(view: View): Route[] {
  const get = (path: string, handle: (ask: Ask) => Answer | Promise<Answer>): Route => ({
    method: 'GET',
    path,
    handle,
  });
  return [
    get('/api/v1/stages', ({ query }) => listStages(view, query)),
    get('/api/v1/stages/:pipeline/:stage', (ask) => {
      const stage = stageOf(view, ask);
      return json(toApiStage(stage, view.valve(stage.id)));
    }),
    get('/api/v1/stages/:pipeline/:stage/profiles', (ask) => json(toApiProfiles(stageOf(view, ask)))),
    get('/api/v1/stages/:pipeline/:stage/series', (ask) => readSeries(view, ask)),
    get('/api/v1/verdicts', ({ query }) => listVerdicts(view, query)),
    get('/api/v1/incidents', async ({ query }) => {
      const state = choiceOf(query, 'state', INCIDENT_STATES);
      const filter = { limit: limitOf(query, SOME, MANY), ...(state === undefined ? {} : { state }) };
      return { kind: 'list', items: await tellIncidents(view, await view.incidents(filter)) };
    }),
    get('/api/v1/incidents/:id', async (ask) => {
      const id = ask.param('id');
      const found = (await view.incidents({ id, limit: MANY })).find((incident) => incident.id === id);
      if (!found) throw notFound(`there is no incident "${id}"`);
      return json((await tellIncidents(view, [found]))[0]);
    }),
    get('/api/v1/leases', async ({ query }) => {
      const state = choiceOf(query, 'state', LEASE_STATES);
      const filter = { limit: limitOf(query, SOME, MANY), ...(state === undefined ? {} : { state }) };
      return { kind: 'list', items: (await view.leases(filter)).map(toApiLease) };
    }),
    get('/api/v1/leases/:id', async (ask) => {
      const id = ask.param('id');
      const found = (await view.leases({ id, limit: MANY })).find((lease) => lease.id === id);
      if (!found) throw notFound(`there is no lease "${id}"`);
      return json(toApiLease(found));
    }),
    get('/api/v1/decisions', async ({ query }) => {
      const stage = query.get('stage');
      const filter = { limit: limitOf(query, SOME, MANY), ...(stage === null ? {} : { stage: stage as StageId }) };
      return { kind: 'list', items: (await view.decisions(filter)).map(toApiDecision) };
    }),
    get('/api/v1/policies', () => json(view.policies().map(toApiPolicy))),
    get('/api/v1/budgets', () => json(view.budgets().map(toApiBudget))),
    get('/api/v1/health', () => json(toApiHealth(view.health()))),
  ];
}

/** Newest change of verdict first; stages that were not judged yet come last, all ties in the order of the pipeline. */
function listStages(view: View, query: URLSearchParams): Answer {
  const state = choiceOf(query, 'state', SEVERITIES);
  const limit = limitOf(query, ALL, ALL);
  const since = (stage: StageView): number => stage.verdict?.since ?? Number.NEGATIVE_INFINITY;
  const found = view
    .stages()
    .filter((stage) => state === undefined || (stage.verdict?.state ?? 'unknown') === state)
    .toSorted((a, b) => (since(a) === since(b) ? 0 : since(b) - since(a)))
    .slice(0, limit);
  return { kind: 'list', items: mapped(found, (stage) => toApiStage(stage, view.valve(stage.id))) };
}

function listVerdicts(view: View, query: URLSearchParams): Answer {
  const state = choiceOf(query, 'state', SEVERITIES);
  const limit = limitOf(query, ALL, ALL);
  const found = view
    .stages()
    .flatMap(({ verdict }) => (verdict && (state === undefined || verdict.state === state) ? [verdict] : []))
    .toSorted((a, b) => b.at - a.at || b.since - a.since)
    .slice(0, limit);
  return { kind: 'list', items: mapped(found, toApiVerdict) };
}

/** Makes each item when it is written, so that a long list is never held twice. */
function* mapped<From, To>(items: readonly From[], make: (item: From) => To): Generator<To> {
  for (const item of items) yield make(item);
}

function stageOf(view: View, ask: Ask): StageView {
  const id: StageId = `${ask.param('pipeline')}.${ask.param('stage')}`;
  const stage = view.stage(id);
  if (!stage) throw notFound(`there is no stage "${id}"`);
  return stage;
}

async function readSeries(view: View, ask: Ask): Promise<Answer> {
  const { query } = ask;
  const stage = stageOf(view, ask);
  const to = timeOf(query, 'to', view.now());
  const from = timeOf(query, 'from', to - 2 * HOUR);
  if (from >= to) throw badRequest('from: want a time before to');
  const step = lengthOfQuery(query, 'step', Math.max(SECOND, Math.round((to - from) / 240)));
  if (step < 1 || (to - from) / step > MAX_POINTS)
    throw badRequest(`step: at most ${MAX_POINTS} points can be asked for`);
  const only = query.getAll('signal');
  const series = await view.series({ stage: stage.id, from, to, step });
  const wanted = only.length === 0 ? series : series.filter(({ signal }) => only.includes(signal));
  const outlooks = to < view.now() - stage.every ? [] : view.outlooks(stage.id);
  return json(
    toApiSeries({
      stage: stage.id,
      window: { from, to, step },
      series: wanted,
      outlooks: outlooks.filter(({ signal }) => only.length === 0 || only.includes(signal)),
      scores: stage.scores,
      excluded: view.exclusions(stage.id),
    }),
  );
}
