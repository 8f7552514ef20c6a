import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RULES } from '../../alerts/rules.ts';
import { overview } from '../../dashboards/overview.ts';
import { type RunningDemo, runDemo } from '../../src/app/demo.ts';
import { injectFault } from '../../src/app/demo-fault.ts';
import { filledIn } from '../support/promql.ts';
import { freePort, requireServer, startPrometheus } from '../support/servers.ts';
import { until } from '../support/until.ts';

// A real Prometheus scrapes a real daemon with a real pipeline from before a gate is held until after; in that time every
// query of every panel has to be answered. Asked is again and again, since a rate is known only once its counter was scraped
// twice, and what is shown of a gate only while it is held.

const { skip } = requireServer('prometheus');
const panels = (
  (overview().panels ?? []) as unknown as readonly { title: string; targets?: readonly { expr: string }[] }[]
).filter((panel) => panel.targets);
/** From the fault to its end is at most 200 s; on a busy machine longer. */
const STORY = 300_000;
/** What Grafana would fill in: the stage whose gate the demo holds. */
const CHOSEN = { pipeline: 'orders', stage: 'ingest', signal: 'out_records_per_second', rate_interval: '2m' };

describe('the dashboard on a real Prometheus', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-live-'));
  let demo: RunningDemo;
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>;

  const ask = async (query: string): Promise<readonly { value: readonly [number, string] }[]> => {
    const response = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(query)}`);
    const body = (await response.json()) as { data: { result: readonly { value: readonly [number, string] }[] } };
    assert.equal(response.status, 200, JSON.stringify(body));
    return body.data.result;
  };
  const holds = async (query: string): Promise<boolean> => (await ask(query)).length > 0;
  const isAnswered = async (expr: string): Promise<boolean> =>
    (await ask(filledIn(expr, CHOSEN))).some(({ value }) => Number.isFinite(Number(value[1])));
  let unanswered: ReadonlySet<string>;

  before(async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    const config = join(folder, 'demo.yaml');
    const delivered = readFileSync(new URL('../../config/demo.yaml', import.meta.url), 'utf8');
    // Somebody who cannot be told, so that there is a failure to show.
    const written = delivered
      .replace(
        'console: { type: log }',
        'console: { type: log }\n  nobody: { type: webhook, url: "http://127.0.0.1:9/" }',
      )
      .replace('{ to: [console] }', '{ to: [console, nobody] }');
    assert.notEqual(written, delivered);
    writeFileSync(config, written);
    demo = await runDemo({
      env: {},
      listen,
      directory: join(folder, 'demo'),
      seed: 1,
      faultAt: 'never',
      portBase: await freePort(),
      config,
      output: 'story',
      write: () => {},
      color: false,
      columns: 80,
    });
    prometheus = await startPrometheus(
      () => `
global: { scrape_interval: 1s }
scrape_configs: [{ job_name: headgate, static_configs: [{ targets: ['${listen}'] }] }]`,
    );
    await until(() => holds('headgate_expected{pipeline="orders",stage="ingest",signal="out_records_per_second"}'), {
      what: 'something is learned of ingest',
      within: 120_000,
      every: 250,
    });
    await injectFault('slow', join(folder, 'demo'));
    const open = new Set(panels.flatMap(({ targets }) => targets?.map(({ expr }) => expr) ?? []));
    const askAll = async (): Promise<boolean> => {
      for (const expr of open) if (await isAnswered(expr)) open.delete(expr);
      return open.size === 0;
    };
    // What is never answered is told by the test of its panel.
    await until(askAll, { what: 'every query is answered', within: STORY, every: 500 }).catch(() => {});
    unanswered = open;
  });
  after(async () => {
    await demo?.stop();
    await prometheus?.stop();
    rmSync(folder, { recursive: true });
  });

  for (const { title, targets } of panels) {
    test(`${title}: every query has an answer of finite numbers`, () => {
      for (const { expr } of targets ?? []) {
        assert.ok(!unanswered.has(expr), `no finite number for ${filledIn(expr, CHOSEN)}`);
      }
    });
  }

  test('every alert rule is a query that Prometheus takes', async () => {
    for (const { expr } of RULES) await ask(expr);
  });
});
