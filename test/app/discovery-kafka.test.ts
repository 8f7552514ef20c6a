import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type App, startApp } from '../../src/app/app.ts';
import { PIPELINE_PSEUDO_STAGE } from '../../src/domain/stage.ts';
import type { ApiHealth, ApiStage } from '../../src/server/api.ts';
import { userOf } from '../sources/kafka/cluster.ts';
import { requireKafka, startKafka } from '../support/kafka.ts';
import { until } from '../support/until.ts';
import { api } from './program.ts';
import { folderOf } from './settings.ts';

const { skip } = await requireKafka();

const config = (broker: string, store: string): string => `
server: { listen: 127.0.0.1:0 }
store: { sqlite: ${store} }
sources: { main: { type: kafka, brokers: ['${broker}'], timeout: 10s } }
pipelines:
  orders:
    every: 1s
    for_each: { topics: 'orders.*', every: 1s, cap: 3 }
    stages:
      take-{each}: { probes: [{ source: main, group: taker, topic: '{each}', retention: false }] }
      all: { after: ['take-{each}'], probes: [{ source: main, topic: other }] }
`;

const namesOf = async (app: App): Promise<string> =>
  (await api<ApiStage[]>(app.url, '/api/v1/stages'))
    .map(({ stage }) => stage)
    .filter((name) => name !== PIPELINE_PSEUDO_STAGE)
    .sort()
    .join();
/** Samples that the baseline of the stage has learned from. */
const seenOf = (app: App, stage: string): number => {
  const scores = app.daemon.engine.line(`orders.${stage}`)?.last?.scores ?? [];
  return Math.max(0, ...scores.map((score) => (score.state === 'warming' ? score.seen : 0)));
};
const watches = (app: App, names: string, what: string) =>
  until(async () => (await namesOf(app)) === names, { what, within: 60_000, every: 200 });

test('topics of a real Kafka become stages, and cease to be, beside those that go on learning', { skip }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.stop());
  const user = userOf(broker.address);
  t.after(() => user.close());
  const make = (name: string): Promise<string> => user.topic(1, {}, name);
  for (const name of ['other', 'orders.a', 'orders.b']) await make(name);
  for (const name of ['orders.a', 'orders.b']) await user.produce(name, 0, 5);
  const commit = () => user.commit('taker', 'orders.a', [2]);
  await until(
    () =>
      commit().then(
        () => true,
        () => false,
      ),
    { what: 'commits are taken', within: 60_000, every: 200 },
  );

  const folder = folderOf(t);
  const file = join(folder, 'headgate.yaml');
  writeFileSync(file, config(broker.address, join(folder, 'headgate.db')));
  const said: string[] = [];
  const listener = {
    discovered: ({ message }: { message: string }) => said.push(message),
    failed: ({ error }: { error: Error }) => said.push(error.message),
  };
  const start = () => startApp({ configFile: file, env: {}, quiet: true, listener });
  let app = await start();
  t.after(() => app.stop());
  assert.equal(await namesOf(app), 'all,take-orders-a,take-orders-b', 'they are there with the first answer');
  assert.deepEqual(app.daemon.engine.plan.graph.upstream('orders.all'), [
    'orders.take-orders-a',
    'orders.take-orders-b',
  ]);
  await until(() => seenOf(app, 'take-orders-a') >= 3, { what: 'some is learned', within: 60_000, every: 100 });
  const lag = app.daemon.engine.line('orders.take-orders-a')?.last?.snapshot.values.get('lag_records');
  assert.equal(lag, 3);

  const seen = seenOf(app, 'take-orders-a');
  await make('orders.c');
  await watches(app, 'all,take-orders-a,take-orders-b,take-orders-c', 'a new topic is a stage');
  assert.ok(seenOf(app, 'take-orders-a') >= seen, 'the others keep what they have learned');
  assert.deepEqual(said, ['stages 1 added, 1 changed']);

  await make('orders.d');
  await until(() => said.some((text) => /4 topics of main fit .* and cap is 3/.test(text)), {
    what: 'one too many is told',
    within: 60_000,
    every: 100,
  });
  assert.equal(await namesOf(app), 'all,take-orders-a,take-orders-b,take-orders-c');

  await user.admin.deleteTopics({ topics: ['orders.b', 'orders.d'] });
  await watches(app, 'all,take-orders-a,take-orders-c', 'a topic that is gone is no stage');
  const later = seenOf(app, 'take-orders-a');
  assert.ok(later >= seen);

  await app.stop();
  await broker.stop();
  app = await start();
  assert.equal(await namesOf(app), 'all,take-orders-a,take-orders-c', 'a start without the brokers knows them');
  const degraded = async () => (await api<ApiHealth>(app.url, '/api/v1/health')).degraded;
  await until(async () => (await degraded()).some((text) => /could not be listed, the 2 .* stay watched/.test(text)), {
    what: 'health tells that they cannot be listed',
    within: 60_000,
    every: 200,
  });
  await until(
    () => seenOf(app, 'take-orders-a') >= 0 && app.daemon.engine.line('orders.take-orders-a')?.last !== undefined,
    {
      what: 'the stage is looked at',
      within: 60_000,
      every: 100,
    },
  );
  assert.equal(app.daemon.engine.verdict('orders.take-orders-a')?.state, 'unknown');
});
