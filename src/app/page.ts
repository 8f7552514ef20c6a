import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The folder with the files of the page. The published package carries them; a checkout builds them, which takes a moment, and
 * builds them again when their source is newer.
 */
export async function preparePage(root: string): Promise<string> {
  const built = join(root, 'dist', 'page');
  const source = join(root, 'src', 'page', 'build.ts');
  if (await stat(source).catch(() => undefined)) {
    const { ensurePage } = await import('../page/build.ts');
    await ensurePage(built);
  }
  return built;
}
