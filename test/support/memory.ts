import type { Json } from '../../src/domain/json.ts';
import type { Memory } from '../../src/kit/component.ts';

/** A notifier's memory that lasts as long as `kept` does; hand the same map to a second notifier to stand for a restart. */
export function testMemory(kept: Map<string, Json> = new Map()): Memory {
  return {
    get: async (key) => kept.get(key),
    set: async (key, value) => {
      kept.set(key, value);
    },
    forget: async (key) => {
      kept.delete(key);
    },
  };
}
