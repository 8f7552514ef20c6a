/** The three characters that mean something in Slack's mrkdwn, and nothing else, are written as entities. */
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

export const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign);

/**
 * The text as mrkdwn of at most `most` characters, entities counted; what does not fit ends in an ellipsis, and neither an entity
 * nor a character of two units is cut in half.
 */
export function escapeWithin(text: string, most: number): string {
  const whole = escaped(text);
  if (whole.length <= most) return whole;
  let fitting = '';
  for (const sign of text) {
    const next = escaped(sign);
    if (fitting.length + next.length > most - 1) break;
    fitting += next;
  }
  return `${fitting}…`;
}

/** A link with a text; a text of more than one line would break it. */
export const link = (url: string, text: string, most: number): string =>
  `<${escaped(url).replaceAll('|', '%7C')}|${escapeWithin(text.replaceAll(/\s+/g, ' ').replaceAll('|', '¦'), most)}>`;
