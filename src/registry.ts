import { baseline } from './detectors/baseline/index.ts';
import { limits } from './detectors/limits/index.ts';
import type { Registry } from './kit/component.ts';

/** All components of this build; one line for each plugin. */
export const registry: Registry = { sources: [], detectors: [limits, baseline], actuators: [], notifiers: [], stores: [] };
