import { Marked } from 'marked';

/** The anchor of a heading, as Markdown has it: of the page, and of every link to it. */
export const anchorOfHeading = (heading: string): string => heading.toLowerCase().replaceAll(' ', '-');

/**
 * The runbooks as a page that the daemon serves beside its own, so that the link of an alert leads somewhere without a wiki. Links
 * into the repository become plain text.
 */
export function renderRunbooks(markdown: string): string {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${anchorOfHeading(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const inside = this.parser.parseInline(tokens);
        return href.startsWith('#') ? `<a href="${href}">${inside}</a>` : inside;
      },
    },
  });
  return `<!doctype html>
<!-- Made by \`npm run generate\` from docs/runbooks.md; edit that. -->
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Headgate runbooks</title>
    <link rel="icon" type="image/svg+xml" href="favicon.svg">
    <link rel="stylesheet" href="app.css">
  </head>
  <body>
    <main class="runbooks">
<p><a href="./">Headgate</a></p>
${marked.parse(markdown, { async: false }).trim()}
    </main>
  </body>
</html>
`;
}
