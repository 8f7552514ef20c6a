/**
 * The text, or its beginning and an ellipsis where it is over `most` UTF-16 units; a character of two units is never cut in half.
 *
 * @example
 * within('a long text', 7) === 'a long…'
 */
export function within(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const isHigh = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
  return `${text.slice(0, isHigh ? end - 1 : end)}…`;
}
