import { readFileSync, writeFileSync } from 'node:fs';
import { renderRules, renderTests } from './alerts/render.ts';
import { renderOverview } from './dashboards/overview.ts';

/** One committed file that is made from code, as it should be. Paths are from the root of the repository. */
export interface Artefact {
  readonly path: string;
  readonly text: string;
}

/** Every file that is made from code. A test compares them with what is committed; `npm run generate` writes them. */
export function artefacts(): Artefact[] {
  return [
    { path: 'dashboards/headgate-overview.json', text: renderOverview() },
    { path: 'alerts/headgate.rules.yaml', text: renderRules() },
    { path: 'alerts/headgate.test.yaml', text: renderTests() },
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

if (import.meta.main) {
  for (const { path, text } of artefacts()) {
    if (committed(path) === text) continue;
    writeFileSync(new URL(path, import.meta.url), text);
    console.log(`wrote ${path}`);
  }
}
