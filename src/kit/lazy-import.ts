import { HeadgateError } from '../domain/error.ts';

/**
 * Imports an optional package at the moment a component needs it.
 *
 * @throws HeadgateError `missing-package` that names the package and the version to install.
 */
export async function lazyImport<Module>(name: string, version: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new HeadgateError(
      'missing-package',
      `package ${name} is not installed; run: npm install ${name}@${version}`,
      { cause },
    );
  }
}
