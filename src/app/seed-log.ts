import type { Events } from '../domain/ports.ts';
import type { SeedingView } from '../domain/views.ts';

/** How far pipelines are that learn from their past. */
export interface SeedLog {
  readonly listener: Pick<Events, 'seeded'>;
  /** Those that are at it now. */
  seeding(): readonly SeedingView[];
}

export function createSeedLog(): SeedLog {
  const now = new Map<string, SeedingView>();
  return {
    listener: {
      seeded({ pipeline, samples, share, over }) {
        if (over) now.delete(pipeline);
        else now.set(pipeline, { pipeline, samples, share });
      },
    },
    seeding: () => [...now.values()],
  };
}
