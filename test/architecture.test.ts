import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Tree, violationsOf } from './architecture/check.ts';
import { importsOf } from './architecture/imports.ts';
import { RULES } from './architecture/rules.ts';
import { tokensOf } from './architecture/tokens.ts';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
/** Far below what is there; a checker that is pointed at the wrong folder falls under it. */
const FEWEST_FILES = 20;

const files = globSync('**/*.{ts,tsx,mts,cts,js,mjs,cjs,jsx}', { cwd: SRC }).map((file) => file.split(sep).join('/'));
const house: Tree = new Map(files.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]));

/** A small house in order, with one file changed. */
const planted = (file: string, text: string): string[] =>
  violationsOf(
    new Map([
      ['domain/time.ts', 'export type EpochMs = number; export const HOUR = 3_600_000;'],
      ['domain/json.ts', 'export type Json = string;'],
      ['stats/quantile.ts', "import type { EpochMs } from '../domain/time.ts'; export const q = (x: EpochMs) => x;"],
      ['kit/retry.ts', 'export const retry = 1;'],
      ['server/api.ts', 'export interface ApiStage { id: string }'],
      ['server/http.ts', 'export const http = 1;'],
      ['telemetry/metrics.ts', 'export const METRICS = 1;'],
      ['sources/kafka/index.ts', 'export const kafka = 1;'],
      ['engine/clockwork.ts', 'export const clockwork = 1;'],
      ['stores/sqlite/index.ts', 'export const sqlite = 1;'],
      [file, text],
    ]),
  );

describe('the house', () => {
  test('every file of src keeps the import rules and the pure files are pure', () => {
    assert.deepEqual(violationsOf(house), []);
  });

  test('the checker has read every file of src, and there are some', () => {
    const again = globSync('**/*', { cwd: SRC, withFileTypes: true }).filter(
      (entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name),
    );
    assert.ok(house.size >= FEWEST_FILES, `read ${house.size} files`);
    assert.equal(house.size, again.length);
    for (const [file, text] of house) assert.ok(tokensOf(text, { jsx: file.endsWith('.tsx') }).length > 0, file);
  });

  test('esbuild finds no import that the scanner missed', async () => {
    const { metafile } = await build({
      entryPoints: files.map((file) => join(SRC, file)),
      absWorkingDir: SRC,
      outdir: join(SRC, '../dist/never-written'),
      bundle: true,
      write: false,
      metafile: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      logLevel: 'silent',
      loader: { '.css': 'empty', '.svg': 'empty', '.html': 'empty' },
    });
    let compared = 0;
    for (const [file, input] of Object.entries(metafile.inputs)) {
      const text = house.get(file);
      if (text === undefined) continue;
      const scanned = importsOf(tokensOf(text, { jsx: file.endsWith('.tsx') })).map((one) => one.specifier);
      for (const { original, path } of input.imports) {
        const specifier = original ?? path;
        if (specifier === 'preact/jsx-runtime' || specifier === 'preact/jsx-dev-runtime') continue;
        assert.ok(scanned.includes(specifier), `${file} imports ${specifier}`);
        compared += 1;
      }
    }
    assert.ok(compared >= 10, `compared ${compared} imports`);
  });
});

describe('a planted violation is caught', () => {
  const cases: readonly [what: string, file: string, text: string, complaint: RegExp][] = [
    [
      'a room it may not know',
      'engine/score.ts',
      "import { http } from '../server/http.ts';",
      /must not import server/,
    ],
    [
      'a sibling plugin',
      'sources/http/index.ts',
      "import { kafka } from '../kafka/index.ts';",
      /must not import sources/,
    ],
    ['a sibling room', 'notifiers/log/index.ts', "import { kafka } from '../../sources/kafka/index.ts';", /must not/],
    [
      'a store in the engine',
      'engine/act.ts',
      "import { sqlite } from '../stores/sqlite/index.ts';",
      /must not import/,
    ],
    ['a type from a forbidden room', 'server/x.ts', "import type { c } from '../engine/clockwork.ts';", /must not/],
    ['a dynamic import', 'report/x.ts', "const m = await import('../server/http.ts');", /must not import server/],
    ['a type import() in a type', 'report/x.ts', "type T = import('../server/http.ts').T;", /must not import server/],
    ['a computed import', 'engine/x.ts', 'const m = await import(`../server/${name}.ts`);', /computed name/],
    ['a re-export', 'plant/x.ts', "export { http } from '../server/http.ts';", /must not import server/],
    ['a star re-export', 'plant/x.ts', "export * from '../server/http.ts';", /must not import server/],
    ['a re-exported type', 'plant/x.ts', "export type { ApiStage } from '../server/api.ts';", /must not import server/],
    ['a side effect', 'report/x.ts', "import '../server/http.ts';", /must not import server/],
    ['require', 'report/x.ts', "const x = require('../server/http.ts');", /must not import server/],
    ['values of domain in stats', 'stats/x.ts', "import { HOUR } from '../domain/time.ts';", /only types/],
    ['an inline type that loads', 'page/x.ts', "import { type ApiStage } from '../server/api.ts';", /only types/],
    ['a server file in the page', 'page/x.tsx', "import type { http } from '../server/http.ts';", /must not import/],
    ['domain importing anything', 'domain/x.ts', "import { retry } from '../kit/retry.ts';", /must not import kit/],
    ['src in the demo', 'demo/worker.ts', "import { HOUR } from '../domain/time.ts';", /must not import domain/],
    [
      'the road out of src',
      'config/x.ts',
      "import x from '../../package.json' with { type: 'json' };",
      /must not leave/,
    ],
    ['a file that is not there', 'engine/x.ts', "import { a } from '../domain/none.ts';", /not there/],
    ['a file in no room', 'utils/x.ts', 'export const a = 1;', /in no room/],
    ['a plugin outside a folder', 'sources/kafka.ts', 'export const a = 1;', /in no room/],
    ['zod in the engine', 'engine/x.ts', "import { z } from 'zod';", /package zod/],
    ['a zod subpath in the domain', 'domain/x.ts', "import { z } from 'zod/mini';", /package zod\/mini/],
    ['prom-client in the server', 'server/x.ts', "import { Gauge } from 'prom-client';", /package prom-client/],
    [
      'the tracer in the engine',
      'engine/x.ts',
      "import { trace } from '@opentelemetry/api';",
      /package @opentelemetry/,
    ],
    ['pino in the kit', 'kit/x.ts', "import pino from 'pino';", /package pino/],
    ['node-cron in the engine', 'engine/x.ts', "import cron from 'node-cron';", /package node-cron/],
    ['statistics in a detector', 'detectors/a/x.ts', "import { median } from 'simple-statistics';", /package simple/],
    ['the forest in a detector', 'detectors/a/x.ts', "import f from 'ml-isolation-forest';", /package ml-isolation/],
    ['cockatiel in a source', 'sources/a/x.ts', "import { retry } from 'cockatiel';", /package cockatiel/],
    ['yaml in the command line', 'cli/x.ts', "import { parse } from 'yaml';", /package yaml/],
    ['esbuild in the page', 'page/x.ts', "import { build } from 'esbuild';", /package esbuild/],
    ['preact in the server', 'server/x.ts', "import { h } from 'preact';", /package preact/],
    ['a bare builtin', 'domain/x.ts', "import fs from 'fs';", /package fs/],
    ['node: in the domain', 'domain/x.ts', "import { createHash } from 'node:crypto';", /must not import node:crypto/],
    ['node: in statistics', 'stats/x.ts', "import { createHash } from 'node:crypto';", /must not import node:crypto/],
    ['node: in control', 'control/x.ts', "import { createHash } from 'node:crypto';", /must not import node:crypto/],
    ['node: in a detector', 'detectors/a/x.ts', "import { createHash } from 'node:crypto';", /must not import node:/],
    ['node: in the page', 'page/x.ts', "import { join } from 'node:path';", /must not import node:path/],
    ['Date.now in the domain', 'domain/x.ts', 'const t = Date.now();', /uses Date\.now/],
    ['new Date() in control', 'control/x.ts', 'const t = new Date();', /uses new Date\(\)/],
    ['Math.random in statistics', 'stats/x.ts', 'const r = Math.random();', /uses Math\.random/],
    ['a timer in a detector', 'detectors/a/x.ts', 'setTimeout(() => {}, 1);', /uses setTimeout/],
    ['process in a pure step', 'engine/decide.ts', 'const home = process.env.HOME;', /uses process/],
    ['the clock in a template', 'engine/judge.ts', 'const s = `at ${Date.now()}`;', /uses Date\.now/],
  ];
  for (const [what, file, text, complaint] of cases) {
    test(what, () => {
      const complaints = planted(file, text);
      assert.equal(complaints.length, 1, complaints.join('\n'));
      assert.match(complaints[0]!, complaint);
      assert.ok(complaints[0]!.startsWith(`${file}:1 `));
    });
  }
  test('every package that a rule grants is refused to some other room', () => {
    for (const name of new Set(Object.values(RULES).flatMap((rule) => rule.packages ?? []))) {
      assert.equal(planted('report/x.ts', `import x from '${name}';`).length, 1, name);
    }
  });
});

describe('what is allowed is let through', () => {
  const cases: readonly [what: string, file: string, text: string][] = [
    [
      'an import inside a comment',
      'domain/x.ts',
      "// import { z } from 'zod';\n/* import 'zod'; Date.now() */\nexport {};",
    ],
    ['an import inside a string', 'domain/x.ts', "const s = \"import { z } from 'zod'\"; const n = 'Date.now()';"],
    ['an import inside a template', 'domain/x.ts', "const s = `import { z } from 'zod' ${'Date.now()'} Date.now()`;"],
    ['a quote inside a regular expression', 'domain/x.ts', 'const r = /[\'"`]/.test(a); const s = a / b / c;'],
    ['import.meta', 'engine/x.ts', 'const u = import.meta.url;'],
    ['a date with an argument', 'domain/x.ts', 'const t = new Date(now).toISOString(); type D = Date;'],
    ['a member called process', 'domain/x.ts', 'steps.process.run(); const a = { process: 1 };'],
    ['the clock outside the pure steps', 'engine/schedule.ts', 'const t = Date.now();'],
    ['types in statistics', 'stats/x.ts', "import type { EpochMs } from '../domain/time.ts';"],
    ['types of the API in the page', 'page/x.tsx', "import type { ApiStage } from '../server/api.ts';"],
    ['an apostrophe between tags', 'page/x.tsx', "const a = <p>It's</p>;\nimport { h } from 'preact';"],
    ['everything in app', 'app/app.ts', "import { http } from '../server/http.ts';\nimport cron from 'node-cron';"],
    ['every plugin in the registry', 'registry.ts', "import { kafka } from './sources/kafka/index.ts';"],
    ['a plugin in its own folder', 'sources/kafka/x.ts', "import { kafka } from './index.ts';"],
  ];
  for (const [what, file, text] of cases) test(what, () => assert.deepEqual(planted(file, text), []));
});

describe('the scanner', () => {
  test('refuses a file it cannot read to its end', () => {
    assert.throws(() => tokensOf("const a = 'abc\n"), /line 1: a string does not end/);
    assert.throws(() => tokensOf('\nconst a = `abc ${b'), /line 2: a template does not end/);
    assert.throws(() => tokensOf('/* abc'), /line 1: a comment does not end/);
  });

  test('tells lines, type-only and kinds of import apart', () => {
    const source = [
      '#!/usr/bin/env node',
      "import a, { b } from './a.ts';",
      'import type {',
      '  C,',
      "} from './c.ts';",
      "import type from './default.ts';",
      "export { d }; export { 'e e' as e } from './e.ts';",
      "const f = () => import('./f.ts'); const g = require(`./g`);",
      "import data from './h.json' with { type: 'json' };",
      'export const from = 1, type = 2; export default from;',
      "export type { I } from './i.ts'; export type J = string;",
    ].join('\n');
    assert.deepEqual(
      importsOf(tokensOf(source)).map(({ specifier, line, typeOnly }) => [specifier, line, typeOnly]),
      [
        ['./a.ts', 2, false],
        ['./c.ts', 3, true],
        ['./default.ts', 6, false],
        ['./e.ts', 7, false],
        ['./f.ts', 8, false],
        [undefined, 8, false],
        ['./h.json', 9, false],
        ['./i.ts', 11, true],
      ],
    );
  });
});
