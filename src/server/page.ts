import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { Answer } from './answer.ts';
import { notFound } from './answer.ts';
import type { Ask, Route } from './router.ts';

/** One file of the page as it is served. `etag` is quoted. */
export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array;
  readonly etag: string;
}

/** By path, such as `/index.html` and `/page.js`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * Reads every file of a known type below a folder into memory; the page is small. Nothing else of the disk can be asked for.
 *
 * @returns no files where the folder does not exist: the daemon works without its page.
 */
export async function loadPage(folder: string): Promise<PageFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && TYPES[extname(entry.name)] !== undefined)
      .map(async (entry): Promise<[string, PageFile]> => {
        const path = join(entry.parentPath, entry.name);
        const body = await readFile(path);
        return [`/${relative(folder, path).split(sep).join('/')}`, pageFile(extname(entry.name), body)];
      }),
  );
  return new Map(files);
}

/** One file from its bytes; for a page that was built in memory. */
export const pageFile = (extension: string, body: Uint8Array): PageFile => ({
  type: TYPES[extension] ?? 'application/octet-stream',
  body,
  etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
});

/** Each file is checked with its etag at every load: a new daemon never runs with an old page. */
export function pageRoutes(files: PageFiles): Route[] {
  const serve = (path: string, file: PageFile): Route => ({ method: 'GET', path, handle: (ask) => answer(ask, file) });
  const routes = [...files].map(([path, file]) => serve(path, file));
  const index = files.get('/index.html');
  const icon = files.get('/favicon.ico') ?? files.get('/favicon.svg');
  const root: Route = index
    ? serve('/', index)
    : {
        method: 'GET',
        path: '/',
        handle: () => {
          throw notFound(
            'the page was not built; run: npm run build. The API is at /api/v1/stages, metrics at /metrics',
          );
        },
      };
  return [root, ...routes, ...(icon && !files.has('/favicon.ico') ? [serve('/favicon.ico', icon)] : [])];
}

function answer({ request }: Ask, file: PageFile): Answer {
  const headers = { ETag: file.etag, 'Cache-Control': 'no-cache' };
  const known = request.headers['if-none-match']
    ?.split(',')
    .some((tag) => tag.trim().replace(/^W\//, '') === file.etag);
  return known
    ? { kind: 'bytes', status: 304, type: file.type, body: '', headers }
    : { kind: 'bytes', type: file.type, body: file.body, headers };
}
