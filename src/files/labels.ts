import { HeadgateError } from '../domain/error.ts';
import type { Label } from '../domain/label.ts';
import type { StageId } from '../domain/stage.ts';
import { parseTime, readCsv } from './csv.ts';

/** Columns, or keys, by which the parts of a label are known. */
const NAMES = {
  from: ['from', 'start', 'time', 'timestamp'],
  to: ['to', 'end', 'until'],
  stage: ['stage'],
  signal: ['signal'],
  name: ['name', 'title', 'label', 'note'],
} as const;
type Part = keyof typeof NAMES;

/**
 * Reads known incidents, sorted by their beginning: a CSV with a header (`from,to` for stretches, `time` for points; `stage`,
 * `signal` and `name` where known), or JSON: a list of objects with these keys, or of pairs `[from, to]`.
 *
 * @throws HeadgateError `malformed` that names the line or the place where a label cannot be read.
 */
export async function readLabels(name: string, pieces: AsyncIterable<string>): Promise<readonly Label[]> {
  let text = '';
  for await (const piece of pieces) text += piece;
  text = text.replace(/^\uFEFF/, '');
  const labels = /^\s*\[/.test(text) ? fromJson(name, text) : await fromCsv(name, text);
  return labels.toSorted((a, b) => a.from - b.from || a.to - b.to);
}

async function fromCsv(name: string, text: string): Promise<Label[]> {
  const labels: Label[] = [];
  let head: readonly string[] | undefined;
  for await (const { line, cells } of readCsv([text])) {
    if (!head) {
      head = cells.map((cell) => cell.trim().toLowerCase());
      if (!NAMES.from.some((known) => head?.includes(known)))
        throw new HeadgateError('malformed', `${name} has no column from or time; it has ${head.join(', ')}`);
      continue;
    }
    const columns: readonly string[] = head;
    labels.push(labelOf((known) => cells[columns.indexOf(known)], `${name} line ${line}`));
  }
  return labels;
}

function fromJson(name: string, text: string): Label[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new HeadgateError('malformed', `${name} begins like JSON and is none: ${(cause as Error).message}`, {
      cause,
    });
  }
  return (list as unknown[]).map((one, index) => {
    const [from, to] = Array.isArray(one) ? (one as unknown[]) : [];
    const of: Readonly<Record<string, unknown>> = Array.isArray(one) ? { from, to } : Object(one);
    return labelOf(
      (known) => (of[known] === undefined || of[known] === null ? undefined : String(of[known])),
      `${name}, label ${index + 1}`,
    );
  });
}

function labelOf(cell: (known: string) => string | undefined, where: string): Label {
  const part = (of: Part): string | undefined => {
    for (const known of NAMES[of]) {
      const text = cell(known)?.trim();
      if (text) return text;
    }
    return undefined;
  };
  const time = (text: string): number => {
    const at = parseTime(text);
    if (at === undefined) throw new HeadgateError('malformed', `${where}: "${text}" is no time`);
    return at;
  };
  const [begin, end, stage, signal, name] = [part('from'), part('to'), part('stage'), part('signal'), part('name')];
  if (begin === undefined) throw new HeadgateError('malformed', `${where}: it does not say when`);
  const from = time(begin);
  const to = end === undefined ? from : time(end);
  if (to < from) throw new HeadgateError('malformed', `${where}: it ends before it begins`);
  return { from, to, ...(stage && { stage: stage as StageId }), ...(signal && { signal }), ...(name && { name }) };
}
