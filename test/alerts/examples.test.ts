import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requireServer } from '../support/servers.ts';

const file = (name: string): string => fileURLToPath(new URL(`../../alerts/${name}`, import.meta.url));
const promtool = requireServer('promtool');
const amtool = requireServer('amtool');

function run(path: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

describe('the example configurations', () => {
  test('prometheus.example.yaml is accepted and finds the rules beside it', { skip: promtool.skip }, () => {
    assert.match(run(promtool.path, 'check', 'config', file('prometheus.example.yaml')), /1 rule files found/);
  });

  test('alertmanager.example.yaml pages for what is critical, and writes a ticket for the rest', {
    skip: amtool.skip,
  }, () => {
    const config = file('alertmanager.example.yaml');
    run(amtool.path, 'check-config', config);
    const route = (severity: string) =>
      run(amtool.path, 'config', 'routes', 'test', `--config.file=${config}`, `severity=${severity}`).trim();
    assert.equal(route('critical'), 'oncall');
    assert.equal(route('warning'), 'tickets');
  });
});
