import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { registry } from '../../src/registry.ts';

const shapeOf = (schema: z.ZodType): string[] => Object.keys((schema as z.ZodObject).shape);

for (const definition of registry.sources) {
  test(`${definition.type}: every example is valid, and promises signals or finds them by name`, () => {
    assert.ok(definition.examples.length > 0);
    for (const { title, yaml } of definition.examples) {
      const { type, ...keys } = parse(yaml) as Record<string, unknown>;
      assert.equal(type, definition.type, title);
      const connecting = new Set(shapeOf(definition.config));
      const entries = Object.entries(keys);
      definition.config.parse(Object.fromEntries(entries.filter(([key]) => connecting.has(key))));
      definition.probe.parse(Object.fromEntries(entries.filter(([key]) => !connecting.has(key))));
    }
  });

  test(`${definition.type}: config and probe share no key, and both have a JSON Schema with a word on every key`, () => {
    const [config, probe] = [shapeOf(definition.config), shapeOf(definition.probe)];
    assert.deepEqual(
      config.filter((key) => probe.includes(key)),
      [],
    );
    for (const schema of [definition.config, definition.probe]) {
      const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
      for (const [key, one] of Object.entries(properties)) {
        assert.ok(typeof one === 'object' && one.description, `${definition.type}.${key} has no description`);
      }
    }
  });
}
