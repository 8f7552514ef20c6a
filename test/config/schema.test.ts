import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { jsonSchema, renderSchema } from '../../src/config/json-schema.ts';
import { registry } from '../../src/registry.ts';
import { violations } from './fixture/validate.ts';

const CONFIG = fileURLToPath(new URL('../../config/', import.meta.url));
const schema = jsonSchema(registry);
const check = (yaml: string) => violations(parse(yaml, { merge: true }), schema, schema);
const shipped = globSync('**/*.yaml', { cwd: CONFIG });

describe('the JSON Schema', () => {
  test('is made the same each time, and holds every component by its type', () => {
    assert.equal(renderSchema(registry), renderSchema(registry));
    const text = renderSchema(registry);
    for (const { type } of [...registry.sources, ...registry.actuators, ...registry.notifiers])
      assert.ok(text.includes(`"const": "${type}"`), type);
    for (const { type } of [...registry.detectors, ...registry.stores]) assert.ok(text.includes(`"${type}": {`), type);
    assert.ok(!text.includes('headgateHole'));
  });

  test('has no reference that leads nowhere', () => {
    const references = [...renderSchema(registry).matchAll(/"\$ref": "#\/\$defs\/([^"]+)"/g)].map(
      ([, name]) => name ?? '',
    );
    assert.ok(references.length > 5);
    for (const name of references) assert.ok(schema.$defs?.[name], name);
  });

  test('describes every key', () => {
    const bare = Object.entries(schema.properties ?? {}).filter(([, node]) => !node.description);
    assert.deepEqual(bare, []);
  });

  for (const file of shipped) {
    test(`accepts ${file}, as the parser does`, () => {
      assert.deepEqual(check(readFileSync(`${CONFIG}${file}`, 'utf8')), []);
    });
  }

  test('refuses what the parser refuses, as far as keys and types go', () => {
    const one = 'pipelines: { p: { stages: { s: {} } } }\n';
    assert.deepEqual(check(one), []);
    for (const [yaml, says] of [
      ['{}', '$: lacks pipelines'],
      [`servr: {}\n${one}`, '$: does not know servr'],
      [`log: { level: loud }\n${one}`, '$.log.level: is none of trace,debug,info,warn,error,silent'],
      [`sources: { a: { type: nothing } }\n${one}`, '$.sources.a.type: is not metrics-endpoint'],
      [`store: { sqlite: a.db, memory: true }\n${one}`, '$.store: is full'],
      ['pipelines: { p: { stages: { s: { every: 10 } } } }', '$.pipelines.p.stages.s.every: is no string'],
      ['pipelines: { p: { stages: { "a.b": {} } } }', /^\$\.pipelines\.p\.stages\.a\.b: does not fit/],
      [
        'pipelines: { p: { stages: { s: { detectors: { baselin: {} } } } } }',
        '$.pipelines.p.stages.s.detectors: does not know baselin',
      ],
    ] as const) {
      const found = check(yaml)[0] ?? 'nothing';
      if (typeof says === 'string') assert.equal(found, says);
      else assert.match(found, says);
    }
  });
});
