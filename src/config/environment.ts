import { type Document, visit } from 'yaml';

export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

export interface Substitution {
  /** Value of each variable that was put in, by name: what must not be seen in a message. */
  readonly used: ReadonlyMap<string, string>;
  /** Byte offset of the scalar, and what is wrong with its reference. */
  readonly failures: readonly { readonly offset: number; readonly message: string }[];
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` in the scalars of a parsed document, in place; `$${` stands for a plain `${`.
 * Substitution follows parsing, so that no value can change the structure of the file, and keys are left as they are.
 * As in a shell, the default of `:-` also stands in for an empty variable.
 */
export function substitute(document: Document, env: Environment): Substitution {
  const used = new Map<string, string>();
  const failures: { offset: number; message: string }[] = [];
  visit(document, {
    Scalar(position, node) {
      if (position === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const offset = node.range?.[0] ?? 0;
      node.value = node.value.replace(REFERENCE, (whole, inside: string | undefined) => {
        if (inside === undefined) return '${';
        const match = NAME.exec(inside);
        if (!match) {
          failures.push({ offset, message: `want \${NAME} or \${NAME:-default}; write $\${ for a plain \${` });
          return whole;
        }
        const [, name = '', fallback] = match;
        const value = env[name];
        if (value !== undefined && (value !== '' || fallback === undefined)) {
          used.set(name, value);
          return value;
        }
        if (fallback !== undefined) return fallback;
        failures.push({
          offset,
          message: `environment variable ${name} is not set; set it, or write \${${name}:-default}`,
        });
        return whole;
      });
    },
  });
  return { used, failures };
}

/** Takes the values of variables out of a message; a value of one or two letters gives nothing away and stays. */
export function withoutValues(message: string, used: ReadonlyMap<string, string>): string {
  let clean = message;
  for (const [name, value] of used) if (value.length > 2) clean = clean.replaceAll(value, `\${${name}}`);
  return clean;
}
