import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** How long the browser may take for anything; nobody claims that a busy machine is faster. */
const PATIENCE = 90_000;

/** Starts the Chromium at `path`, which must not call anybody on its own. */
export const launch = (path: string): Promise<Browser> =>
  chromium.launch({ executablePath: path, args: ARGUMENTS, timeout: PATIENCE });

export const LAPTOP = { width: 1_440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** A page that remembers what went wrong in it and whom it called. */
export interface Watched {
  readonly page: Page;
  readonly problems: string[];
  readonly hosts: Set<string>;
  close(): Promise<void>;
}

/** Opens a page in its own context, in UTC so that clock times are the recorded ones. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({
    viewport: LAPTOP,
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const problems: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  await page.goto(url);
  return { page, problems, hosts, close: () => context.close() };
}
