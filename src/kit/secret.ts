import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { z } from 'zod';
import { HeadgateError } from '../domain/error.ts';

const MASK = '[secret]';

export interface SecretParts {
  readonly text: string | undefined;
  readonly file: string | undefined;
}

/**
 * Something nobody may read in a log, a metric, an error or an API answer. Every way to print it gives `[secret]`;
 * only `reveal` gives the text. A secret from a file is read at each `reveal`, so that rotation needs no restart.
 */
export class Secret {
  readonly #text: string | undefined;
  readonly #file: string | undefined;

  private constructor(text: string | undefined, file: string | undefined) {
    this.#text = text;
    this.#file = file;
  }

  static of(text: string): Secret {
    return new Secret(text, undefined);
  }

  static inFile(path: string): Secret {
    return new Secret(undefined, path);
  }

  /** What it is made of, for another thread of this process and nobody else; `from` makes it again. */
  parts(): SecretParts {
    return { text: this.#text, file: this.#file };
  }

  static from({ text, file }: SecretParts): Secret {
    return new Secret(text, file);
  }

  /** @throws HeadgateError `bad-config` where the file cannot be read. */
  reveal(): string {
    if (this.#file === undefined) return this.#text ?? '';
    try {
      // One trailing newline is the editor's, not the secret's.
      return readFileSync(this.#file, 'utf8').replace(/\r?\n$/, '');
    } catch (cause) {
      throw new HeadgateError('bad-config', `secret file ${this.#file} cannot be read; check path and permissions`, {
        cause,
      });
    }
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

const text = (description: string) =>
  z
    .string()
    .min(1)
    .meta({ description })
    .transform((value) => Secret.of(value));

const file = (description: string) =>
  z
    .string()
    .min(1)
    .meta({ description: `${description} Path of a file that holds it; read at each use.` })
    .transform((path) => Secret.inFile(path));

/**
 * The two config keys of one secret, `name` and `name_file`, to spread into a strict object. At most one is set;
 * `secretOf` picks it.
 */
export function secretFields<Name extends string>(name: Name, description: string) {
  return { [name]: text(description).optional(), [`${name}_file`]: file(description).optional() } as {
    [Key in Name | `${Name}_file`]: z.ZodOptional<z.ZodPipe<z.ZodString, z.ZodTransform<Secret, string>>>;
  };
}

/** The secret that was configured under `name` or `name_file`; the file wins where both are set. */
export function secretOf<Name extends string>(
  config: { readonly [Key in Name | `${Name}_file`]?: Secret | undefined },
  name: Name,
): Secret | undefined {
  return config[`${name}_file`] ?? config[name];
}
