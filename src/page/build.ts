import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('.', import.meta.url));
const OUT = fileURLToPath(new URL('../../dist/page/', import.meta.url));
const COPIED = ['index.html', 'runbooks.html', 'favicon.svg'];
const BUILT = ['app.js', 'app.css', ...COPIED];

export interface BuildOptions {
  /** Where the files go; `dist/page` of the package by default. */
  readonly outDir?: string;
  readonly minify?: boolean;
}

export interface BuiltPage {
  readonly folder: string;
  readonly milliseconds: number;
}

/**
 * Bundles the page into `index.html`, `app.js` and `app.css`, beside `runbooks.html` and `favicon.svg`. Needs esbuild, which is a dependency of
 * development only; the published package carries the files.
 */
export async function buildPage(options: BuildOptions = {}): Promise<BuiltPage> {
  const start = performance.now();
  const folder = options.outDir ?? OUT;
  const { build } = await import('esbuild');
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: { app: `${SOURCE}main.tsx` },
    outdir: folder,
    bundle: true,
    minify: options.minify ?? true,
    format: 'esm',
    target: ['es2023', 'chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'silent',
  });
  await Promise.all(COPIED.map((file) => copyFile(`${SOURCE}${file}`, `${folder}/${file}`)));
  return { folder, milliseconds: performance.now() - start };
}

const changedAt = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;

/** True where a file of the page is missing, or is older than what it is made of. */
export async function isStale(folder: string): Promise<boolean> {
  const built = await Promise.all(BUILT.map((file) => changedAt(`${folder}/${file}`)));
  const files = await readdir(SOURCE, { recursive: true, withFileTypes: true });
  const sources = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => changedAt(`${file.parentPath}/${file.name}`)),
  );
  // Copies keep no time of their own: the oldest built file decides.
  return Math.min(...built) < Math.max(...sources);
}

/** The folder with the page, built if it has to be. Call it once on start, before the server listens. */
export async function ensurePage(folder: string = OUT): Promise<BuiltPage> {
  return (await isStale(folder)) ? buildPage({ outDir: folder }) : { folder, milliseconds: 0 };
}
