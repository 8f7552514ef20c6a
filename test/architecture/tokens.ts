/** One token of TypeScript or JavaScript source; comments and white space are gone, a template is split at its holes. */
export interface Token {
  readonly kind: 'word' | 'string' | 'template' | 'number' | 'regex' | 'mark';
  /** For a string, what stands between the quotes; else the token as written. */
  readonly text: string;
  readonly line: number;
}

const WORD = /[\p{ID_Start}$_#@][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d[\w.]*/y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/\w*/y;
const STRING = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y;
const BLANK = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const TEMPLATE = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(`|\$\{)/y;

/** After these words a `/` begins a regular expression; after any other word it divides. */
const BEFORE_REGEX = new Set(
  'return typeof case in of delete void throw new else do await yield instanceof'.split(' '),
);

/**
 * Splits source into tokens, so that nothing inside a string, a template or a comment is taken for code. It is the part
 * of a lexer that finding imports and calls needs: operators come one character at a time.
 *
 * In `.tsx` the text between tags is read as code too; a lone apostrophe there is let through as a mark.
 *
 * @throws Error where a string, template or comment does not end, so that a misread file is never silently half checked.
 */
export function tokensOf(source: string, options: { readonly jsx?: boolean } = {}): Token[] {
  const tokens: Token[] = [];
  const holes: number[] = [];
  let at = source.startsWith('#!') ? source.indexOf('\n') : 0;
  let line = 1;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  const take = (kind: Token['kind'], written: string, text = written): void => {
    tokens.push({ kind, text, line });
    skip(written);
  };
  const skip = (written: string): void => {
    at += written.length;
    for (const char of written) if (char === '\n') line += 1;
  };
  const template = (): void => {
    const found = match(TEMPLATE);
    if (!found) throw new Error(`line ${line}: a template does not end`);
    if (found[1] === '${') holes.push(0);
    take('template', found[0]);
  };
  while (at < source.length) {
    const blank = match(BLANK);
    if (blank) {
      skip(blank[0]);
      continue;
    }
    const char = source[at]!;
    if (char === '`') {
      skip(char);
      template();
    } else if (char === '}' && holes.at(-1) === 0) {
      holes.pop();
      skip(char);
      template();
    } else if (char === "'" || char === '"') {
      const found = match(STRING);
      if (!found && !options.jsx) throw new Error(`line ${line}: a string does not end`);
      if (found) take('string', found[0], found[0].slice(1, -1));
      else take('mark', char);
    } else {
      const regex = char === '/' && beginsRegex(tokens.at(-1)) ? match(REGEX) : null;
      const word = regex ? null : match(WORD);
      const number = regex || word ? null : match(NUMBER);
      if (regex) take('regex', regex[0]);
      else if (word) take('word', word[0]);
      else if (number) take('number', number[0]);
      else {
        if (source.startsWith('/*', at)) throw new Error(`line ${line}: a comment does not end`);
        if (holes.length > 0 && char === '{') holes[holes.length - 1]! += 1;
        if (holes.length > 0 && char === '}') holes[holes.length - 1]! -= 1;
        take('mark', char);
      }
    }
  }
  if (holes.length > 0) throw new Error(`line ${line}: a template does not end`);
  return tokens;
}

function beginsRegex(before: Token | undefined): boolean {
  if (!before) return true;
  if (before.kind === 'word') return BEFORE_REGEX.has(before.text);
  if (before.kind === 'mark') return !')]}'.includes(before.text);
  return before.kind === 'template' && before.text.endsWith('${');
}
