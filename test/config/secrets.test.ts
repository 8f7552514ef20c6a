import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { ComponentConfig } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Secret } from '../../src/kit/secret.ts';
import { registry } from '../../src/registry.ts';
import { good } from './fixture/load.ts';
import { fixtures } from './fixture/registry.ts';

const CANARY = 'c4n4ry-in-a-c0al-mine';
const ONE = `pipelines: { p: { stages: { s: { probes: [{ type: queue, host: h, topic: t, password: "\${PASSWORD}" }] } } } }\n`;
const ALL = `server: { token: ${CANARY} }
sources: { q: { type: queue, host: h, password: ${CANARY} } }
actuators: { c: { type: crane, url: http://x/, token: "\${PASSWORD}" } }
notifiers: { n: { type: bell, url: http://x/, key: "pre-\${PASSWORD}" } }
${ONE}`;

function optionsOf<Options>(component: ComponentConfig | undefined): Options {
  assert.ok(component);
  return component.config as Options;
}

describe('a secret in a config', () => {
  test('is in no text that can be made of the parsed config', () => {
    const config = good(ALL, { PASSWORD: CANARY });
    const maps = [config.sources, config.actuators, config.notifiers, config.probes].map((map) => [...map]);
    for (const text of [
      JSON.stringify(config),
      JSON.stringify(maps),
      inspect(config, { depth: 20, showHidden: true }),
      String(config),
    ])
      assert.ok(!text.includes(CANARY));
    assert.ok(inspect(config, { depth: 20 }).includes('[secret]'));
  });

  test('is there for the component that needs it', () => {
    const config = good(ALL, { PASSWORD: CANARY });
    assert.equal(config.server.token?.reveal(), CANARY);
    assert.equal(optionsOf<{ key: Secret }>(config.notifiers.get('n')).key.reveal(), `pre-${CANARY}`);
  });

  test('is in no problem, wherever the variable or the text stands', () => {
    const places = [
      'server: { listen: X }',
      'store: { X: true }',
      'store: X',
      'sources: { q: { type: X } }',
      'sources: { q: { type: queue, host: h, timeout: X, port: X, tls: X, X: 1 } }',
      'notifiers: { n: { type: bell, url: X, key: [X] } }',
      'notifiers: { n: { type: bell, url: "http://u:X@h/", key: { a: X } } }',
      'routes: [{ to: [X], severity: X, pipeline: X, stage: X }]',
      'calendars: { timezone: X, holidays: [X] }',
      'maintenance: [{ cron: X, duration: X }]',
      'policies: { k: { mode: X, keep: { stage: X, rows: X }, may: [{ actuator: X, stage: X, kind: X, floor: X }] } }',
      'log: { level: X }',
      'log: { level: "info" X }',
      'tracing: { otlp_endpoint: X, sample: X }',
    ];
    for (const place of places) {
      const text = `${place
        .replaceAll('X', `"\${SECRET}"`)
        .replaceAll('""', '"')
        .replace(/"\$\{SECRET\}": /g, 'k: ')}\n${ONE}`;
      const env = { SECRET: CANARY, PASSWORD: CANARY };
      const result = loadConfig({ text, file: 'hg.yaml', registry: fixtures, env });
      assert.ok(!result.ok, place);
      assert.ok(!JSON.stringify(result).includes(CANARY), JSON.stringify(result));
    }
  });

  test('written in the clear is not told by a syntax error nor by a problem of its own key', () => {
    for (const text of [
      `notifiers: { n: { type: bell, key: "${CANARY}" ${CANARY} } }`,
      `notifiers:\n  n: { type: bell, url: http://x/, key: [${CANARY}] }\n${ONE}`,
      `notifiers:\n  n: { type: bell, url: http://x/, kye: ${CANARY} }\n${ONE}`,
      `notifiers:\n  n: { type: bell, url: 'http://me:${CANARY}@x/' }\n${ONE}`,
      `key: |\n${CANARY}\n`,
    ]) {
      const result = loadConfig({ text, file: 'hg.yaml', registry: fixtures, env: {} });
      assert.ok(!result.ok);
      assert.ok(!JSON.stringify(result).includes(CANARY), JSON.stringify(result));
    }
  });

  test('may be a number or a truth in its looks and stays text', () => {
    const config = good(ALL.replace(CANARY, '"0123"'), { PASSWORD: 'true' });
    assert.equal(config.server.token?.reveal(), '0123');
    assert.equal(optionsOf<{ token: Secret }>(config.actuators.get('c')).token.reveal(), 'true');
  });
});

describe('variables', () => {
  const host = (text: string, env: Record<string, string>) => {
    const yaml = `sources: { q: { type: queue, host: ${text} } }\npipelines: { p: { stages: { s: {} } } }\n`;
    return optionsOf<{ host: string }>(good(yaml, env).sources.get('q')).host;
  };

  test('take the environment, else their default, also where the variable is empty', () => {
    assert.equal(host(`"\${H:-none}"`, { H: 'kafka' }), 'kafka');
    assert.equal(host(`"\${H:-none}"`, {}), 'none');
    assert.equal(host(`"\${H:-none}"`, { H: '' }), 'none');
    assert.equal(host(`"a-\${H}-\${H:-x}-b"`, { H: '1' }), 'a-1-1-b');
  });

  test('are left alone behind a second dollar', () => {
    assert.equal(host(`"$\${H}"`, { H: 'kafka' }), `\${H}`);
  });

  test('cannot change the structure of the file', () => {
    assert.equal(host(`"\${H}"`, { H: 'x }\nlog: { level: error' }), 'x }\nlog: { level: error');
  });

  test('are not put into keys', () => {
    const text = `log: { "\${KEY}": info }\npipelines: { p: { stages: { s: {} } } }\n`;
    const result = loadConfig({ text, file: 'hg.yaml', registry: fixtures, env: { KEY: 'level' } });
    assert.ok(!result.ok);
    assert.equal(result.problems[0]?.path, `log.\${KEY}`);
  });

  test('become numbers and truths only where those are wanted', () => {
    const text = `sources: { q: { type: queue, host: "\${N}", port: "\${N}", tls: "\${T}", password: "\${N}" } }\npipelines: { p: { stages: { s: {} } } }\n`;
    const config = good(text, { N: '9000', T: 'true' }).sources.get('q')?.config;
    const { host, port, tls, password } = config as { host: string; port: number; tls: boolean; password: Secret };
    assert.deepEqual([host, port, tls, password.reveal()], ['9000', 9000, true, '9000']);
  });
});

describe('files of secrets', () => {
  test('start at the folder of the config, are read at each use, and must be there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'headgate-config-'));
    try {
      const text = 'server: { token_file: token }\npipelines: { p: { stages: { s: {} } } }\n';
      const file = join(folder, 'headgate.yaml');
      const seen: string[] = [];
      const readFile = (path: string) => {
        seen.push(path);
        return '';
      };
      writeFileSync(join(folder, 'token'), 'first\n');
      const result = loadConfig({ text, file, registry, env: {}, readFile });
      assert.ok(result.ok);
      assert.deepEqual(seen, [join(folder, 'token')]);
      assert.equal(result.config.server.token?.reveal(), 'first');
      writeFileSync(join(folder, 'token'), 'second\n');
      assert.equal(result.config.server.token?.reveal(), 'second');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
