import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { anchorOf, RUNBOOKS, renderRules, renderTests } from '../../alerts/render.ts';
import { type AlertRule, RULES } from '../../alerts/rules.ts';
import { requireServer } from '../support/servers.ts';

const { path: promtool, skip } = requireServer('promtool');
const folder = mkdtempSync(join(tmpdir(), 'headgate-rules-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs promtool's unit tests of `wanted` against rules that may say something else. */
function unitTest(rules: readonly AlertRule[], wanted: readonly AlertRule[] = rules) {
  writeFileSync(join(folder, 'headgate.rules.yaml'), renderRules(rules));
  writeFileSync(join(folder, 'headgate.test.yaml'), renderTests(wanted));
  const { status, stdout, stderr } = spawnSync(promtool, ['test', 'rules', 'headgate.test.yaml'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { ok: status === 0, output: stdout + stderr };
}

describe('the alert rules', () => {
  test('are accepted by promtool', { skip }, () => {
    writeFileSync(join(folder, 'checked.yaml'), renderRules());
    const { status, stdout, stderr } = spawnSync(promtool, ['check', 'rules', join(folder, 'checked.yaml')], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(`SUCCESS: ${RULES.length} rules found`));
  });

  for (const rule of RULES) {
    test(`${rule.alert} fires, stays quiet, resolves, and knows 0 and absence`, { skip }, () => {
      const { ok, output } = unitTest([rule]);
      assert.ok(ok, output);
    });

    test(`the unit tests of ${rule.alert} notice a rule that never, always, or too early fires`, { skip }, () => {
      assert.equal(unitTest([{ ...rule, expr: 'vector(1) < 0' }], [rule]).ok, false, 'never');
      assert.equal(unitTest([{ ...rule, expr: 'vector(1)' }], [rule]).ok, false, 'always');
      if (rule.minutes > 0) assert.equal(unitTest([{ ...rule, minutes: 0 }], [rule]).ok, false, 'too early');
    });
  }

  test('every alert has one section in the runbooks, and every section an alert', () => {
    const text = readFileSync(new URL(`../../${RUNBOOKS}`, import.meta.url), 'utf8');
    const anchors = [...text.matchAll(/^## (Headgate\w+)$/gm)].map(([, title]) => title?.toLowerCase());
    assert.deepEqual(anchors, RULES.map(anchorOf));
  });

  test('the link of every alert leads to its section of the page that the daemon serves', () => {
    const page = readFileSync(new URL('../../src/page/runbooks.html', import.meta.url), 'utf8');
    const served = [
      ...renderRules().matchAll(/runbook_url: http:\/\/\{\{ \$labels\.instance \}\}\/runbooks\.html#(\w+)/g),
    ];
    const silent = RULES.filter(({ alert }) => alert === 'HeadgateAbsent');
    assert.equal(served.length, RULES.length - silent.length);
    for (const [, anchor] of served) assert.ok(page.includes(`<h2 id="${anchor}">`), anchor);
  });
});
