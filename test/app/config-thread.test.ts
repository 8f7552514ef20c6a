import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startApp } from '../../src/app/app.ts';
import { parseConfig } from '../../src/app/config-file.ts';
import { parseConfigWhileRunning } from '../../src/app/config-thread.ts';
import { canonical } from '../../src/config/canonical.ts';
import { stagesOf } from '../../src/domain/plan.ts';
import { HOLD_LIMIT, usualHold } from '../support/holds.ts';
import { until } from '../support/until.ts';
import { folderOf } from './settings.ts';

const STAGES = 1_000;
const wide = (limit: number, stages = STAGES): string => {
  const stage = (index: number): object => ({
    ...(index % 10 === 0 ? {} : { after: [`s${index - 1}`] }),
    probes: [{ type: 'http-json', url: `http://127.0.0.1:9/${index % 7}`, fields: { lag_seconds: '/lag' } }],
    signals: { lag_seconds: { limits: { above: limit } } },
  });
  return JSON.stringify({
    server: { listen: '127.0.0.1:0' },
    store: { memory: true },
    log: { level: 'silent' },
    notifiers: { hook: { type: 'webhook', url: 'http://127.0.0.1:9/a/secret', secret: '${SIGNING}' } },
    routes: [{ to: ['hook'] }],
    pipelines: {
      p: { every: '60s', stages: Object.fromEntries(Array.from({ length: stages }, (_, i) => [`s${i}`, stage(i)])) },
    },
    policies: {
      keep: { keep: { stage: 'p.s9', lag_seconds: '1m' }, may: [{ actuator: 'valve', stage: 'p.s0', kind: 'pause' }] },
    },
  });
};
const ENV = { SIGNING: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };

test('a config parsed in a thread is the same as one parsed in place: secrets, graph, digests and all', async () => {
  const text = wide(60);
  const [here, aside] = [parseConfig(text, 'a.yaml', ENV), await parseConfigWhileRunning(text, 'a.yaml', ENV)];
  const plain = ({ plan: { graph: _, ...plan }, ...rest }: typeof here) => canonical([rest, plan]);
  assert.equal(plain(aside), plain(here));
  assert.deepEqual(aside.plan.graph.order, here.plan.graph.order);
  assert.deepEqual(aside.plan.graph.ancestors('p.s9'), here.plan.graph.ancestors('p.s9'));
  assert.deepEqual([...aside.probes.keys()], [...here.probes.keys()]);
  const secretOf = ({ notifiers }: typeof here) => notifiers.get('hook')?.config as { secret: { reveal(): string } };
  assert.equal(secretOf(aside).secret.reveal(), ENV.SIGNING);
  assert.equal(stagesOf(aside.plan).length, STAGES);
});

test('what is wrong is said with the same words', async () => {
  const text = wide(60).replace('"kind":"pause"', '"kind":"stop"').replaceAll('"lag_seconds":{', '"lag_secnds":{');
  const here = (): unknown => parseConfig(text, 'a.yaml', ENV);
  const message = (() => {
    try {
      return String(here());
    } catch (thrown) {
      return (thrown as Error).message;
    }
  })();
  assert.match(message, /problems/);
  await assert.rejects(parseConfigWhileRunning(text, 'a.yaml', ENV), { code: 'bad-config', message });
});

test('a reload of 1,000 stages of which each has changed never holds the event loop for 20 ms, and forgets nothing', async (t) => {
  const file = join(folderOf(t), 'headgate.yaml');
  writeFileSync(file, wide(60));
  const loaded: boolean[] = [];
  const app = await startApp({
    configFile: file,
    env: ENV,
    quiet: true,
    listener: { configLoaded: ({ ok }) => loaded.push(ok) },
  });
  t.after(() => app.stop());
  const limitOf = (id: 'p.s1'): number | undefined =>
    app.daemon.engine.line(id)?.plan.signals.get('lag_seconds')?.limits[0]?.value;
  const reload = async (limit: number): Promise<void> => {
    process.emit('SIGHUP');
    await until(() => limitOf('p.s1') === limit, { what: 'it is loaded', within: 60_000 });
  };
  let limit = 60;
  const changed = async (): Promise<number> => {
    limit += 1;
    writeFileSync(file, wide(limit));
    return limit;
  };
  const hold = await usualHold(reload, { prepare: changed });
  t.diagnostic(`held for ${hold.toFixed(1)} ms`);
  assert.ok(!loaded.includes(false));
  assert.ok(hold < HOLD_LIMIT, `held for ${hold} ms`);
});
