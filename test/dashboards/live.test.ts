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

// A real Prometheus scrapes a real daemon with a real pipeline while a gate is held; then every panel has to show something.

const { skip } = requireServer('prometheus');
const panels = (overview().panels ?? []) as unknown as readonly {
  title: string;
  targets?: readonly { expr: string }[];
}[];
/** What Grafana would fill in: the stage whose gate the demo holds. */
const CHOSEN = { pipeline: 'orders', stage: 'ingest', signal: 'out_records_per_second', rate_interval: '30s' };

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
    const held = `headgate_lease_active{pipeline="orders",stage="ingest"} == 1`;
    const told = 'headgate_notification_latency_seconds_count > 0 and on () headgate_notification_failed_total > 0';
    await until(async () => (await holds(held)) && (await holds(told)), {
      what: 'a gate is held and somebody was told',
      within: 90_000,
      every: 250,
    });
    // A rate needs two scrapes of a counter that has moved.
    await until(() => holds('count_over_time(headgate_notification_latency_seconds_count[1m]) > 3'), {
      what: 'it was scraped some times since',
      within: 20_000,
      every: 250,
    });
  });
  after(async () => {
    await demo?.stop();
    await prometheus?.stop();
    rmSync(folder, { recursive: true });
  });

  for (const { title, targets } of panels.filter((panel) => panel.targets)) {
    test(`${title}: every query has an answer of finite numbers`, async () => {
      for (const { expr } of targets ?? []) {
        const answer = await ask(filledIn(expr, CHOSEN));
        assert.ok(answer.length > 0, `no data for ${expr}`);
        assert.ok(
          answer.some(({ value }) => Number.isFinite(Number(value[1]))),
          expr,
        );
      }
    });
  }

  test('every alert rule is a query that Prometheus takes', async () => {
    for (const { expr } of RULES) await ask(expr);
  });
});
