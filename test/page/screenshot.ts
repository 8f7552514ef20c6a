import { parseArgs } from 'node:util';
import { requireServer } from '../support/servers.ts';
import { LAPTOP, launch, openPage, PHONE } from './support/browser.ts';

const USAGE = `usage: node test/page/screenshot.ts URL [--out docs/images/overview.png] [--dark] [--phone] [--wait-incident SECONDS]
  URL  the page of a running daemon, such as http://127.0.0.1:9464/#/`;

/** Takes a picture of the page of a running daemon, at twice the size, in the font that most readers have a likeness of. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', default: 'docs/images/overview.png' },
      dark: { type: 'boolean', default: false },
      phone: { type: 'boolean', default: false },
      'wait-incident': { type: 'string' },
    },
  });
  const [url] = positionals;
  if (url === undefined) throw new Error(USAGE);
  const { path, skip } = requireServer('chromium');
  if (skip !== false) throw new Error(skip);
  const browser = await launch(path);
  try {
    const { page } = await openPage(browser, url, {
      viewport: values.phone ? PHONE : LAPTOP,
      colorScheme: values.dark ? 'dark' : 'light',
      deviceScaleFactor: 2,
      bypassCSP: true,
    });
    await page.addStyleTag({ content: ':root { --font: Inter, system-ui, sans-serif }' });
    await page.locator('[data-live=live]').waitFor();
    const patience = values['wait-incident'];
    if (patience !== undefined) {
      await page.locator('.incident').waitFor({ timeout: Number(patience) * 1_000 });
      await page.locator('.held-gate').waitFor({ timeout: Number(patience) * 1_000 });
    }
    await page.locator('.spark .end').first().waitFor();
    await page.screenshot({ path: values.out, fullPage: true, animations: 'disabled' });
    process.stderr.write(`${values.out}\n`);
  } finally {
    await browser.close();
  }
}

await main();
