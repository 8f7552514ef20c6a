/** The two text formats of Prometheus. They differ, for what we expose, in the names of counters and in the last line. */
export type Format = 'text' | 'openmetrics';

export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The format that an Accept header prefers; plain text where it does not say, or says something else. */
export function formatFor(accept: string | undefined): Format {
  const quality = (type: string): number => {
    const part = accept?.split(',').find((one) => one.trim().toLowerCase().startsWith(type));
    if (part === undefined) return 0;
    const q = Number(/;\s*q=([0-9.]+)/.exec(part)?.[1] ?? 1);
    return Number.isFinite(q) ? q : 0;
  };
  return quality('application/openmetrics-text') > quality('text/plain') ? 'openmetrics' : 'text';
}

/** A label's value as it stands between quotes. */
const escapeLabel = (value: string): string =>
  /[\\"\n]/.test(value) ? value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n') : value;

const escapeHelp = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');

/** One label as it stands between braces: `name="value"`. */
export const labelText = (name: string, value: string): string => `${name}="${escapeLabel(value)}"`;

/** The two lines that stand before the series of a family. */
export const familyHead = (name: string, type: string, help: string): string =>
  `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;

/** A number as both formats want it. */
export const numberText = (value: number): string =>
  Number.isFinite(value) ? `${value}` : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';

/**
 * The text format of prom-client as OpenMetrics. prom-client's own OpenMetrics mode renames its counters for good, so that
 * one registry cannot serve both; the difference is small enough to make it here.
 */
export function toOpenMetrics(text: string): string {
  const counters = new Set([...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map((match) => match[1]));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const head = /^# (HELP|TYPE) (\S+)_total /.exec(line);
      if (head && counters.has(head[2])) return line.replace('_total ', ' ');
      // Bounds must be written as floating-point numbers.
      return line.replace(/(\{|,)(le|quantile)="(-?\d+)"/, '$1$2="$3.0"');
    })
    .map((line) => `${line}\n`)
    .join('');
}
