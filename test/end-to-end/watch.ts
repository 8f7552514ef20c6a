import assert from 'node:assert/strict';
import type { ApiDecision, ApiIncident, ApiLease, ApiStage, ApiValve } from '../../src/server/api.ts';
import { api, metric } from '../app/program.ts';
import { until } from '../support/until.ts';
import type { World } from './world.ts';

/** What a stage, an incident and its gate went through while somebody looked, several times a second. */
export interface Seen {
  readonly incident: ApiIncident;
  /** Every root and every cause it had, in order. */
  readonly roots: readonly string[];
  readonly causes: readonly string[];
}

/** The states of the intake's gate are asked for as the intake does it. */
const GATE = 'shop.intake';

/** One fault from its beginning to the end of all it led to, seen from outside: API, Prometheus and receivers. */
export function watch(world: World) {
  const began = Date.now();
  const get = <T>(path: string): Promise<T> => api<T>(world.places.daemon, path);
  const seen = new Map<string, { incident: ApiIncident; roots: string[]; causes: string[] }>();
  const dump = async (): Promise<string> => {
    const stages = await get<ApiStage[]>('/api/v1/stages');
    const told = stages.map(({ id, verdict, because, gaps }) => {
      const why = [
        ...because.map(({ text, score }) => `${text} (${score.toFixed(2)})`),
        ...gaps.map((gap) => gap.message),
      ];
      return `${id} ${verdict}: ${why.join('; ')}`;
    });
    const incidents = [...seen.values()].map(
      ({ incident, roots, causes }) => `#${incident.id} ${incident.state} ${roots.join(' > ')} ${causes.join(' > ')}`,
    );
    const decided = (await decisions()).map(
      ({ policy, kind, reason, because }) => `${policy} ${kind} ${reason}: ${because}`,
    );
    return [...told, ...incidents, ...decided, ...world.chain.said.slice(-5), world.daemon.out.slice(-2_000)].join(
      '\n',
    );
  };
  const look = async (): Promise<void> => {
    for (const incident of await get<ApiIncident[]>('/api/v1/incidents')) {
      if (Date.parse(incident.openedAt) < began) continue;
      const known = seen.get(incident.id) ?? { incident, roots: [], causes: [] };
      seen.set(incident.id, { ...known, incident });
      if (known.roots.at(-1) !== incident.root) known.roots.push(incident.root);
      if (known.causes.at(-1) !== incident.cause) known.causes.push(incident.cause);
    }
  };
  const wait = async (condition: () => boolean | Promise<boolean>, what: string, within = 40_000): Promise<void> => {
    const looked = async (): Promise<boolean> => {
      await look();
      return condition();
    };
    try {
      await until(looked, { what, within, every: 100 });
    } catch (cause) {
      throw new Error(`waited in vain until ${what}\n${await dump()}`, { cause });
    }
  };
  const decisions = async (): Promise<readonly ApiDecision[]> =>
    (await get<ApiDecision[]>('/api/v1/decisions')).filter(({ at }) => Date.parse(at) >= began);
  const stage = async (id: string): Promise<ApiStage> => {
    const found = (await get<ApiStage[]>('/api/v1/stages')).find((one) => one.id === id);
    assert.ok(found, id);
    return found;
  };
  const ask = async (query: string): Promise<number | undefined> => {
    const answer = await fetch(`${world.prometheus.url}/api/v1/query?query=${encodeURIComponent(query)}`);
    const body = (await answer.json()) as { data: { result: readonly { value: readonly [number, string] }[] } };
    const [first] = body.data.result;
    return first === undefined ? undefined : Number(first.value[1]);
  };
  const all = (): readonly Seen[] => [...seen.values()];
  return {
    wait,
    stage,
    decisions,
    all,
    dump,
    verdict: async (id: string): Promise<string> => (await stage(id)).verdict,
    gate: () => get<ApiValve>(`/api/v1/valves/${GATE}`),
    held: () => get<ApiLease[]>('/api/v1/leases?state=active'),
    leases: async () =>
      (await get<ApiLease[]>('/api/v1/leases')).filter(({ grantedAt }) => Date.parse(grantedAt) >= began),
    /** Waits until an incident has this root and this cause, the stage shows it, and Prometheus knows of both. */
    async trouble(root: string, cause: string): Promise<ApiIncident> {
      const found = (): Seen | undefined =>
        all().find(
          ({ incident }) => incident.root === root && incident.cause === cause && incident.state !== 'resolved',
        );
      await wait(() => found() !== undefined, `${root} is in trouble because of ${cause}`);
      const { incident } = found() as Seen;
      const labels = `pipeline="shop",stage="${root.split('.')[1]}"`;
      await wait(async () => {
        const [verdict, open] = [
          await ask(`max_over_time(headgate_verdict{${labels}}[10s])`),
          await ask(`max(max_over_time(headgate_incident_open{${labels}}[10s]))`),
        ];
        return verdict === 2 && open === 1;
      }, `Prometheus knows that ${root} is critical`);
      return incident;
    },
    /** Waits until all incidents are over, no gate is held and nobody is owed a notice. */
    async calm(): Promise<void> {
      await wait(
        () => all().every(({ incident }) => incident.state === 'resolved'),
        'all incidents are resolved',
        60_000,
      );
      await wait(async () => (await get<ApiLease[]>('/api/v1/leases?state=active')).length === 0, 'no gate is held');
      await wait(
        async () => (await metric(world.places.daemon, 'headgate_outbox_pending')) === 0,
        'all notices are sent',
      );
      // Where none has been open yet there is no series of it, but one of every verdict.
      const open = 'sum(headgate_incident_open) or 0 * sum(headgate_verdict)';
      await wait(async () => (await ask(open)) === 0, 'Prometheus knows that all is well');
    },
    ask,
  };
}

export type Watch = ReturnType<typeof watch>;
