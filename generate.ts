import { readFileSync, writeFileSync } from 'node:fs';
import { RUNBOOKS, renderRules, renderTests } from './alerts/render.ts';
import { renderRunbooks } from './alerts/runbooks.ts';
import { renderDashboards } from './dashboards/all.ts';
import { renderSchema } from './src/config/json-schema.ts';
import { renderReference } from './src/config/reference.ts';
import type { Registry } from './src/kit/component.ts';
import { registry } from './src/registry.ts';
import { METRICS, type MetricSpec, OWN_METRICS, STAGE_METRICS } from './src/telemetry/catalog.ts';

/** One committed file that is made from code, as it should be. Paths are from the root of the repository. */
export interface Artefact {
  readonly path: string;
  readonly text: string;
}

/** Every file that is made from code. A test compares them with what is committed; `npm run generate` writes them. */
export function artefacts(): Artefact[] {
  return [
    { path: 'config/headgate.schema.json', text: renderSchema(registry) },
    ...[...renderReference(registry)].map(([path, text]) => ({ path, text })),
    { path: 'docs/reference/metrics.md', text: renderMetrics() },
    ...renderDashboards().map(([path, text]) => ({ path, text })),
    { path: 'alerts/headgate.rules.yaml', text: renderRules() },
    { path: 'alerts/headgate.test.yaml', text: renderTests() },
    { path: 'src/page/runbooks.html', text: renderRunbooks(committed(RUNBOOKS) ?? '') },
    { path: 'README.md', text: withSection(committed('README.md') ?? '', 'components', renderComponents(registry)) },
  ];
}

/** The committed text of an artefact, or undefined where the file is not there yet. */
export function committed(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, import.meta.url), 'utf8');
  } catch {
    return undefined;
  }
}

/** The table of components, as each of them declares itself. */
export function renderComponents(registry: Registry): string {
  const rows = Object.entries(registry).flatMap(([room, components]: [string, Registry[keyof Registry]]) =>
    components.map(
      ({ type, stability, summary }) =>
        `| ${room.slice(0, -1)} | [\`${type}\`](docs/reference/${room}.md#${type}) | ${summary} | ${stability} |`,
    ),
  );
  return ['| room | type | what it does | |', '|---|---|---|---|', ...rows].join('\n');
}

function renderMetrics(): string {
  const row = ({ name, type, labels, help }: MetricSpec): string =>
    `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${help} |`;
  const table = (metrics: readonly MetricSpec[]): string =>
    ['| metric | type | labels | |', '|---|---|---|---|', ...metrics.map(row)].join('\n');
  return `<!-- Made by \`npm run generate\` from src/telemetry/catalog.ts; edit that. -->

# Metrics

All ${METRICS.length} metrics at \`/metrics\`, as Prometheus text or OpenMetrics. Every label is a bounded set. What is not known has no
series: a gap is never 0.

## Of stages

${table(STAGE_METRICS)}

## Of the daemon itself

${table(OWN_METRICS)}
`;
}

/**
 * Puts text between the comments `<!-- name … -->` and `<!-- /name -->` of a page.
 *
 * @throws Error where the page has no such section.
 */
export function withSection(page: string, name: string, text: string): string {
  const section = new RegExp(`(<!-- ${name}\\b[^>]*-->\n)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!section.test(page)) throw new Error(`the page has no section ${name}`);
  return page.replace(section, (_, open: string, close: string) => `${open}${text}\n${close}`);
}

if (import.meta.main) {
  for (const { path, text } of artefacts()) {
    if (committed(path) === text) continue;
    writeFileSync(new URL(path, import.meta.url), text);
    console.log(`wrote ${path}`);
  }
}
