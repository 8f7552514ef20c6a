/** Where everything is; each link of the chain gets it as its only argument, as JSON. */
export interface Places {
  readonly kafka: string;
  readonly redisPort: number;
  readonly postgres: { readonly port: number; readonly password: string };
  readonly daemon: string;
}

/** What the test tells a link to do from now on. */
export type Order =
  /** intake: one message that is no order, into partition 2. */
  | { readonly kind: 'poison' }
  /** intake: amounts are this many times what they were. */
  | { readonly kind: 'amounts'; readonly factor: number }
  /** enrich: no more records a second than this; 0 is without bound. */
  | { readonly kind: 'slow'; readonly perSecond: number }
  /** enrich: what cannot be read is passed over, and not tried again and again. */
  | { readonly kind: 'skip-poison' }
  /** load: this share of the rows is lost. */
  | { readonly kind: 'drop'; readonly share: number }
  /** load: what is written is not committed. */
  | { readonly kind: 'stale'; readonly on: boolean };

/** One order of the shop: the unit of the whole chain. Numbers have no gap within a partition. */
export interface ShopOrder {
  readonly partition: number;
  readonly number: number;
  readonly amount: number;
}

export const TOPIC = 'orders';
export const STREAM = 'orders';
export const PARTITIONS = 4;

/** The frame of one link: it hears orders, and ends when it is told to or when the test is gone. */
export function runLink(start: (places: Places, hear: (on: (order: Order) => void) => void) => () => Promise<void>) {
  const places = JSON.parse(process.argv[2] ?? '') as Places;
  const end = start(places, (on) => process.on('message', on));
  const leave = (): void => void end().finally(() => process.exit(0));
  process.on('SIGINT', () => {});
  process.on('SIGTERM', leave);
  process.on('disconnect', () => process.exit(0));
}

/** Tokens at a rate that may change at any time; at most a tenth of a second is saved up. */
export function pacer(rate: () => number) {
  let tokens = 0;
  let last = performance.now();
  return {
    take(): boolean {
      const now = performance.now();
      const perSecond = rate();
      tokens = Math.min(tokens + ((now - last) / 1_000) * perSecond, Math.max(1, perSecond / 10));
      last = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
