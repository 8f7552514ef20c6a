import { parser } from '@prometheus-io/lezer-promql';

/** PromQL with Grafana's variables filled in, as Grafana would send it. */
export const filledIn = (expr: string, values: Readonly<Record<string, string>> = {}): string =>
  expr
    .replaceAll('$__rate_interval', values.rate_interval ?? '1m')
    .replaceAll('$__interval', '15s')
    .replaceAll('$__range', '1h')
    .replace(/\$\{?([a-z]+)\}?/g, (_, name: string) => values[name] ?? 'any');

/** One metric as a query uses it. */
export interface MetricUse {
  readonly metric: string;
  /** Names of the labels it is asked with. */
  readonly labels: readonly string[];
  /** It stands inside `rate(…)` or `increase(…)`. */
  readonly rated: boolean;
}

/**
 * Every metric a query names.
 *
 * @throws Error with the place, where the query is not PromQL.
 */
export function metricsIn(expr: string): MetricUse[] {
  const uses: MetricUse[] = [];
  const text = (node: { from: number; to: number }): string => expr.slice(node.from, node.to);
  const rates: number[] = [];
  parser.parse(expr).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`not PromQL at offset ${node.from}: ${expr}`);
      if (node.name === 'FunctionCall' && /^(rate|increase|irate)\b/.test(text(node))) rates.push(node.to);
      if (node.name !== 'VectorSelector') return;
      const name = node.node.getChild('Identifier');
      const matchers = node.node.getChild('LabelMatchers');
      const labels = matchers ? [...text(matchers).matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map((one) => one[1] ?? '') : [];
      uses.push({ metric: name ? text(name) : '', labels, rated: rates.some((end) => end >= node.to) });
    },
  });
  return uses;
}
