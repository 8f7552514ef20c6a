import { dirname } from 'node:path';
import type { Registry } from '../kit/component.ts';
import type { Config } from './config.ts';
import { type ParsedDocument, readDocument } from './document.ts';
import { type Environment, withoutValues } from './environment.ts';
import { checkFiles, withAbsoluteFiles } from './files.ts';
import { newFindings } from './findings.ts';
import { type Discovered, type Unfolded, unfold } from './for-each.ts';
import type { Finding } from './issue.ts';
import { formatPath, type Problem } from './problem.ts';
import { readRoot } from './root.ts';

export interface LoadInput {
  readonly text: string;
  /** How the file is called in problems. */
  readonly file: string;
  /** Where relative paths of `*_file` keys start; left out, the folder of `file`. */
  readonly folder?: string;
  readonly registry: Registry;
  readonly env: Environment;
  /** Reads a file named by a `*_file` key (absolute path), to see that it is there; left out, those files are not looked at. */
  readonly readFile?: (path: string) => string;
  /**
   * What templates over discovered things are unfolded with. Left out, nobody was asked: each such template is checked with one
   * value that stands in for all, and the config has a stage of that name.
   */
  readonly discovered?: Discovered;
}

export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/**
 * Reads a config file: YAML, variables, templates, every component by its own schema, then every reference. All problems are
 * found in one run, in the order of the file. Never throws for anything that is in the text. Cost: about 3 ms per 10 stages.
 */
export function loadConfig(input: LoadInput): LoadResult {
  const document = readDocument(input.text, input.env);
  const { file } = input;
  const early = document.failures.map(({ line, col, message }) => ({ file, line, col, path: '', message }));
  if (!document.sound) return { ok: false, problems: early, warnings: [] };
  const findings = newFindings();
  const unfolded = unfold(document.value ?? {}, findings, input.discovered);
  const folder = input.folder ?? dirname(file);
  checkFiles(unfolded.value, folder, input.readFile, findings);
  const config = readRoot(withAbsoluteFiles(unfolded.value, folder), { ...input, unfolded }, findings);
  const problems = inOrder(early, locate(file, document, unfolded, findings.errors));
  const warnings = inOrder([], locate(file, document, unfolded, findings.warnings));
  return problems.length > 0 || !config ? { ok: false, problems, warnings } : { ok: true, config, warnings };
}

/** Findings with their lines. In stages made from one template the same mistake is told once. */
function locate(file: string, document: ParsedDocument, unfolded: Unfolded, findings: readonly Finding[]): Problem[] {
  const told = new Set<string>();
  return findings.flatMap(({ path, message }) => {
    const written = unfolded.origin(path);
    if (document.lacks(written)) return [];
    const place = document.place(written);
    const spot = `${place.line}:${place.col}`;
    if (unfolded.fromTemplate(path) && told.has(spot)) return [];
    told.add(spot);
    return [{ file, ...place, path: formatPath(written), message: withoutValues(message, document.used) }];
  });
}

function inOrder(early: readonly Problem[], late: readonly Problem[]): Problem[] {
  const distinct = new Map([...early, ...late].map((one) => [JSON.stringify(one), one]));
  return [...distinct.values()].toSorted((a, b) => a.line - b.line || a.col - b.col);
}
