/** Text that is HTML already. Made by `html` alone, so that nothing of a user's reaches a report as markup. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Markup | string | number | false | undefined | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] as string);

/** A template of HTML: what is put in is escaped, but for other markup; lists are joined, `false` and `undefined` are nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((text, index) => text + textOf(parts[index])).join(''));
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  return typeof part === 'object' ? part.map(textOf).join('') : escaped(String(part));
}

export interface Shell {
  readonly title: string;
  readonly style: string;
  readonly body: Markup;
  /** The figures for programs; kept in the file as JSON. */
  readonly data: unknown;
}

/**
 * A whole page in one file. It can load and run nothing: the policy in it forbids every request and every script, so a report may be
 * opened from a mail, a ticket or an artifact store.
 */
export function pageOf({ title, style, body, data }: Shell): string {
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${body}
<script type="application/json" id="figures">${new Markup(json)}</script>
</body>
</html>
`.text;
}
