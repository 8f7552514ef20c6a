import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { SEASON_MS } from '../../src/demo/orders.ts';
import { stageId } from '../../src/domain/stage.ts';
import { registry } from '../../src/registry.ts';

const FILE = join(import.meta.dirname, '../../config/demo.yaml');

function load(env: Record<string, string> = {}) {
  const result = loadConfig({ text: readFileSync(FILE, 'utf8'), file: 'config/demo.yaml', registry, env });
  assert.ok(result.ok, JSON.stringify('problems' in result && result.problems));
  assert.deepEqual(result.warnings, []);
  return result.config;
}

test("the demo's config is without a problem, and its season is that of the orders", () => {
  const [pipeline, ...others] = load().plan.pipelines;
  assert.deepEqual(others, []);
  assert.deepEqual(
    pipeline?.stages.map(({ id, season }) => [id, season]),
    ['ingest', 'enrich', 'load'].map((name) => [stageId('orders', name), [SEASON_MS]]),
  );
});

test("the demo's config reads the ports that the demo serves by default, or those it is told", () => {
  const urls = (env?: Record<string, string>) =>
    [...load(env).probes.values()].flat().map(({ ask }) => (ask as { url: string }).url);
  assert.deepEqual(
    urls(),
    [9470, 9471, 9472].map((port) => `http://127.0.0.1:${port}/metrics`),
  );
  const told = { HEADGATE_DEMO_INGEST_PORT: '1', HEADGATE_DEMO_ENRICH_PORT: '2', HEADGATE_DEMO_LOAD_PORT: '3' };
  assert.deepEqual(
    urls(told),
    [1, 2, 3].map((port) => `http://127.0.0.1:${port}/metrics`),
  );
});
