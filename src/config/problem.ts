/** A place in the config as the parser sees it: map keys and list indexes from the root. */
export type Path = readonly (string | number)[];

/** One thing wrong with a config file. Line and column count from 1; `path` is spelled `pipelines.orders.stages.load.every`. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly col: number;
  readonly path: string;
  /** Says what is wrong and what would be right, and never holds a secret. */
  readonly message: string;
}

/** `file:line:col path: message`, as editors and terminals link it. The root of the file has no path. */
export function formatProblem({ file, line, col, path, message }: Problem): string {
  return `${file}:${line}:${col} ${path === '' ? '' : `${path}: `}${message}`;
}

/** `routes[0].to[1]` for lists, dots for keys. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

/**
 * The candidate that was most likely meant: the nearest by edit distance, at most a third of the letters away.
 *
 * @example
 * nearest('evrey', ['every', 'after']) === 'every'
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(word.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` (did you mean x?)`, or the list where it is short, or nothing: the tail of a message about an unknown word. */
export function hint(word: string, candidates: Iterable<string>, noun = 'known'): string {
  const all = [...candidates];
  const close = nearest(word, all);
  if (close !== undefined) return ` (did you mean ${close}?)`;
  return all.length > 0 && all.length <= 12 ? ` (${noun}: ${all.join(', ')})` : '';
}

/** Letters put in, taken out, replaced, or two neighbours swapped: a swap is one slip of the fingers, not two. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? a.length;
}
