import { z } from 'zod';
import { defineStore } from '../../kit/component.ts';
import { openMemory } from './memory.ts';

export const MemoryConfig = z.strictObject({});

export const memory = defineStore({
  type: 'memory',
  stability: 'stable',
  summary: 'Keeps everything in the process; for tests and for trying things out.',
  description: `Nothing survives the end of the process: learned state, open incidents and what is owed to notifiers are gone, and
gates held by leases are left to their own expiry. Answers as the \`sqlite\` store does. Costs about 200 bytes a value for as
long as \`retention\` keeps raw samples.`,
  config: MemoryConfig,
  examples: [{ title: 'Nothing on the disk', yaml: 'store: { memory: true }' }],
  open: async () => openMemory(),
});
