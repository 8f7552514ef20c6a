import { stringify } from 'yaml';
import { type AlertRule, RULES } from './rules.ts';
import { anchorOfHeading } from './runbooks.ts';

/** The runbooks, from the root of the repository; the daemon serves them as `/runbooks.html`. */
export const RUNBOOKS = 'docs/runbooks.md';
const HEAD = '# Made by `npm run generate` from alerts/rules.ts; do not edit.\n';

/** `HeadgateStageCritical` → `headgatestagecritical`: the anchor Markdown gives to a heading of that name. */
export const anchorOf = (rule: AlertRule): string => anchorOfHeading(rule.alert);

/** The rule file for Prometheus. */
export function renderRules(rules: readonly AlertRule[] = RULES): string {
  const written = rules.map((rule) => ({
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.minutes > 0 ? { for: `${rule.minutes}m` } : {}),
    labels: { severity: rule.severity },
    annotations: annotations(rule, (label) => `{{ $labels.${label} }}`),
  }));
  return HEAD + stringify({ groups: [{ name: 'headgate', rules: written }] }, { lineWidth: 0 });
}

/** Where no daemon is scraped there is none to ask for its runbooks, nor a label that names it. */
const isOfDaemon = (rule: AlertRule): boolean => !rule.expr.startsWith('absent(');

function annotations(rule: AlertRule, fill: (label: string) => string): Record<string, string> {
  const filled = (text: string): string => text.replace(/\{(\w+)\}/g, (_, label: string) => fill(label));
  const { pipeline, stage } = rule.test.labels;
  const about = [...(pipeline ? ['var-pipeline={pipeline}'] : []), ...(stage ? ['var-stage={stage}'] : [])];
  return {
    summary: filled(rule.summary),
    description: filled(rule.description),
    runbook_url: `${isOfDaemon(rule) ? `http://${fill('instance')}/runbooks.html` : RUNBOOKS}#${anchorOf(rule)}`,
    dashboard_url: filled([`/d/headgate-${rule.dashboard}`, ...(about.length > 0 ? [about.join('&')] : [])].join('?')),
  };
}

/** promtool's unit tests: for every rule that it fires, and not too early, stays quiet, resolves, and what 0 and absence mean. */
export function renderTests(rules: readonly AlertRule[] = RULES): string {
  const tests = rules.flatMap(testsOf);
  return HEAD + stringify({ rule_files: ['headgate.rules.yaml'], evaluation_interval: '1m', tests }, { lineWidth: 0 });
}

function testsOf(rule: AlertRule): object[] {
  const { series, warmUp = 0, zero, absent } = rule.test;
  const due = warmUp + rule.minutes;
  const long = due + 30;
  const test = (name: string, values: (one: (typeof series)[number]) => string, checks: [number, boolean][]) => ({
    name: `${rule.alert} ${name}`,
    interval: '1m',
    input_series: series.map((one) => ({ series: scraped(one.series), values: values(one) })),
    alert_rule_test: checks.map(([minute, fires]) => ({
      eval_time: `${minute}m`,
      alertname: rule.alert,
      exp_alerts: fires ? [expected(rule)] : [],
    })),
  });
  const early: [number, boolean][] = rule.minutes > 0 ? [[due - 1, false]] : [];
  return [
    test('fires', (one) => lasting(one.bad, long), [...early, [due, true], [long, true]]),
    test('is quiet', (one) => lasting(one.good, long), [
      [due, false],
      [long, false],
    ]),
    test('resolves', (one) => `${lasting(one.bad, due + 1)} ${lasting(one.good, 30)}`, [
      [due, true],
      [due + 30, false],
    ]),
    test(`${zero === 'fires' ? 'fires' : 'is quiet'} at zero`, () => lasting('0', long), [[long, zero === 'fires']]),
    test(`${absent === 'fires' ? 'fires' : 'is quiet'} where absent`, () => lasting('_', long), [
      [long, absent === 'fires'],
    ]),
  ];
}

/** One value more than `minutes`, so that the last stands at that minute. */
const lasting = (level: string, minutes: number): string => `${level}x${minutes}`;

function expected(rule: AlertRule): object {
  const labels = { ...rule.test.labels, ...(isOfDaemon(rule) && { instance: INSTANCE }) };
  return {
    exp_labels: { severity: rule.severity, ...labels },
    exp_annotations: annotations(rule, (label) => (labels as Readonly<Record<string, string>>)[label] ?? ''),
  };
}

/** What Prometheus calls the daemon it scraped. */
const INSTANCE = 'headgate:9464';

/** A series as it is after a scrape: with the label of who was asked. */
const scraped = (series: string): string =>
  series.includes('{') ? series.replace('{', `{instance="${INSTANCE}",`) : `${series}{instance="${INSTANCE}"}`;
