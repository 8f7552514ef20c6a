/** A piece of a sentence: plain, a number with its unit or a time of day, or the name of a stage that can be opened. */
export type Piece =
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'strong'; readonly text: string }
  | { readonly kind: 'stage'; readonly text: string; readonly id: string };

const QUANTITY = String.raw`\d[\d.,]*[\s\u202f\u00a0]?(?:ms|min|s|h|d|%|[kMG]?[\s\u202f\u00a0]?/s|[kM]?B)(?![\w-])`;
const TIME = String.raw`(?<![\d:])\d{2}:\d{2}(?::\d{2})?(?![\d:])`;
const NAME = String.raw`(?<![\w.-])[A-Za-z0-9][\w-]*(?:\.[A-Za-z0-9][\w-]*)?(?![\w-])`;
const PIECES = new RegExp(`(?<strong>${QUANTITY}|${TIME})|(?<name>${NAME})`, 'g');

/**
 * Cuts a sentence of the daemon into pieces, so that the eye finds numbers and the hand finds stages. The words stay as they are.
 *
 * @param stages answers the id of a stage for a name, as `enrich` or `orders.enrich`, or undefined
 */
export function piecesOf(sentence: string, stages: (name: string) => string | undefined): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of sentence.matchAll(PIECES)) {
    const text = match[0];
    const id = match.groups?.name === undefined ? undefined : stages(text);
    if (match.groups?.strong === undefined && id === undefined) continue;
    if (match.index > done) pieces.push({ kind: 'plain', text: sentence.slice(done, match.index) });
    pieces.push(id === undefined ? { kind: 'strong', text } : { kind: 'stage', text, id });
    done = match.index + text.length;
  }
  if (done < sentence.length) pieces.push({ kind: 'plain', text: sentence.slice(done) });
  return pieces;
}
