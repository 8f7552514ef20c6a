import type { Token } from './tokens.ts';

/** One edge out of a file. `specifier` is undefined where it is computed, which no rule can judge. */
export interface Import {
  readonly specifier: string | undefined;
  readonly line: number;
  /** The whole statement is erased: `import type` or `export type … from`. An inline `{ type X }` still loads the file. */
  readonly typeOnly: boolean;
}

/**
 * Every import of a file: static, type-only, side-effect, re-export, `import()` (in expressions and in types) and `require()`.
 */
export function importsOf(tokens: readonly Token[]): Import[] {
  const found: Import[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]!;
    if (token.kind !== 'word' || is(tokens[at - 1], '.')) continue;
    if (token.text === 'import' || token.text === 'require') {
      const next = tokens[at + 1];
      if (is(next, '(') && !isDeclaration(tokens[at - 1])) found.push(called(tokens, at));
      else if (token.text === 'import') found.push(...stated(tokens, at));
    } else if (token.text === 'export') found.push(...stated(tokens, at));
  }
  return found;
}

const is = (token: Token | undefined, text: string): boolean =>
  token !== undefined && token.text === text && (token.kind === 'mark' || token.kind === 'word');

/** `require` may be the name of a method or function that is being declared. */
const isDeclaration = (before: Token | undefined): boolean => is(before, 'function') || is(before, 'async');

function called(tokens: readonly Token[], at: number): Import {
  const argument = tokens[at + 2];
  const plain = argument?.kind === 'string' && (is(tokens[at + 3], ')') || is(tokens[at + 3], ','));
  return { specifier: plain ? argument.text : undefined, line: tokens[at]!.line, typeOnly: false };
}

function stated(tokens: readonly Token[], at: number): Import[] {
  const line = tokens[at]!.line;
  const exporting = tokens[at]!.text === 'export';
  let next = at + 1;
  if (!exporting && tokens[next]?.kind === 'string') return [{ specifier: tokens[next]!.text, line, typeOnly: false }];
  // `import type from './x.ts'` imports a default named "type"; `import type X from` does not.
  const typeOnly = is(tokens[next], 'type') && !is(tokens[next + 1], 'from') && !is(tokens[next + 1], ',');
  if (typeOnly) next += 1;
  const opens = tokens[next];
  if (exporting && !is(opens, '{') && !is(opens, '*')) return [];
  for (; next < tokens.length; next += 1) {
    const token = tokens[next]!;
    if (is(token, 'from') && tokens[next + 1]?.kind === 'string') {
      return [{ specifier: tokens[next + 1]!.text, line, typeOnly }];
    }
    const inClause = token.kind === 'word' || token.kind === 'string' || '{},*'.includes(token.text);
    if (!inClause) return [];
    if (exporting && is(token, '}') && !is(tokens[next + 1], 'from')) return [];
  }
  return [];
}
