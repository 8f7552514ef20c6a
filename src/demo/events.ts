import type { FaultKind } from './faults.ts';
import type { StageName } from './stage.ts';

export type Urls = Readonly<Record<StageName, string>>;

/** What happens in the demo. */
export type DemoHappening =
  | {
      readonly event: 'ready';
      /** Addresses of `/metrics` of each stage. */
      readonly urls: Urls;
      readonly directory: string;
      readonly seed: number;
      /** When `enrich` will become slow by itself; null for never. */
      readonly faultAtSeconds: number | null;
    }
  | {
      readonly event: 'fault' | 'fault-over';
      readonly kind: FaultKind;
      readonly stage: StageName;
      readonly text: string;
    }
  | {
      readonly event: 'valve';
      readonly stage: StageName;
      readonly state: 'open' | 'throttled' | 'paused';
      readonly rate?: number;
    }
  | {
      readonly event: 'exited';
      readonly stage: StageName;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | { readonly event: 'started'; readonly stage: StageName; readonly url: string }
  | { readonly event: 'error-output'; readonly stage: StageName; readonly text: string };

/** One line of the demo's output. `at` is RFC 3339. */
export type DemoEvent = { readonly at: string } & DemoHappening;
