import { createHash } from 'node:crypto';

/** What a shop sends: one order as it arrives, before anything is known of it. */
export interface Order {
  readonly customer: string;
  readonly country: string;
  readonly currency: string;
  readonly items: readonly { readonly sku: string; readonly price: number; readonly quantity: number }[];
}

/** What `enrich` makes of it: one currency, a region, and no name of a person. */
export interface EnrichedOrder {
  readonly customerHash: string;
  readonly region: string;
  readonly cents: number;
  readonly items: number;
}

const COUNTRIES = ['DE', 'FR', 'IT', 'US', 'CA', 'MX', 'JP', 'KR', 'AU'] as const;
const REGIONS: Readonly<Record<string, string>> = {
  DE: 'europe',
  FR: 'europe',
  IT: 'europe',
  US: 'america',
  CA: 'america',
  MX: 'america',
  JP: 'asia-pacific',
  KR: 'asia-pacific',
  AU: 'asia-pacific',
};
const CENTS_PER_UNIT: Readonly<Record<string, number>> = { EUR: 100, USD: 92, JPY: 0.6 };

/** One made-up order. */
export function drawOrder(random: () => number): Order {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return {
    customer: `customer-${Math.floor(random() * 50_000)}@example.com`,
    country: pick(COUNTRIES),
    currency: pick(Object.keys(CENTS_PER_UNIT)),
    items: Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({
      sku: `sku-${Math.floor(random() * 2_000)}`,
      price: Math.round(random() * 10_000) / 100,
      quantity: 1 + Math.floor(random() * 3),
    })),
  };
}

/**
 * Parses one order and adds what the warehouse needs.
 *
 * @throws Error where the text is no JSON, or names a currency or a country that is not known.
 */
export function enrichOrder(body: string): EnrichedOrder {
  const order = JSON.parse(body) as Order;
  const region = REGIONS[order.country];
  const rate = CENTS_PER_UNIT[order.currency];
  if (region === undefined || rate === undefined) throw new Error('order with unknown country or currency');
  const amount = order.items.reduce((sum, item) => sum + item.price * item.quantity, 0);
  return {
    customerHash: createHash('sha256').update(order.customer).digest('hex'),
    region,
    cents: Math.round(amount * rate),
    items: order.items.length,
  };
}

/** Length of the demo's day: `season: [4m]` in config/demo.yaml says the same. */
export const SEASON_MS = 240_000;

/** Orders each second that the shops send at a time of the demo's day, before noise: 68 to 92, on average 80. */
export const arrivalRate = (epochMs: number): number => 80 * (1 + 0.15 * Math.sin((2 * Math.PI * epochMs) / SEASON_MS));
