import type { Finding } from './issue.ts';
import type { Path } from './problem.ts';

/** Collects what is wrong, in any order; warnings do not stop the start. */
export interface Findings {
  error(path: Path, message: string): void;
  warning(path: Path, message: string): void;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

export function newFindings(): Findings {
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  return {
    error: (path, message) => void errors.push({ path, message }),
    warning: (path, message) => void warnings.push({ path, message }),
    errors,
    warnings,
  };
}
