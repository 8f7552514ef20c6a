import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';

/** The reader chooses the data source at the top; no panel names one itself, so that the dashboards can be imported. */
export const DATASOURCE: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** What the reader chose above: pipelines, one stage of them, some stages of them, daemons. */
export const P = 'pipeline=~"$pipeline"';
export const S = `${P},stage="$stage"`;
export const SOME = `${P},stage=~"$stage"`;
export const I = 'instance=~"$instance"';

/** The colours of the page in its dark theme: told apart also without red, green or blue sight. */
export const COLOUR = {
  ok: '#86EBC0',
  warning: '#FDB746',
  critical: '#FE6B70',
  unknown: '#A9BAC2',
  held: '#9C8BE8',
  line: '#6FC7DB',
} as const;

/** Values in words. A colour is never the only sign: every state is written out as well. */
const inWords = (words: Readonly<Record<number, readonly [text: string, colour: string]>>): ValueMapping[] => [
  {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
    ),
  },
];

export const VERDICTS = inWords({
  0: ['ok', COLOUR.ok],
  1: ['warning', COLOUR.warning],
  2: ['critical', COLOUR.critical],
  3: ['unknown', COLOUR.unknown],
});
export const HELD = inWords({ 0: ['open', COLOUR.ok], 1: ['held', COLOUR.held] });
export const INCIDENTS = inWords({ 0: ['none', COLOUR.ok], 1: ['open', COLOUR.critical] });
export const LEARNING = inWords({ 0: ['learning', COLOUR.ok], 1: ['frozen', COLOUR.held] });
export const DRIFTED = inWords({ 0: ['steady', COLOUR.ok], 1: ['drifted', COLOUR.warning] });
export const WORKS = inWords({ 0: ['no', COLOUR.critical], 1: ['yes', COLOUR.ok] });
export const FAILS = inWords({ 0: ['no', COLOUR.ok], 1: ['yes', COLOUR.critical] });

/** What every panel says of itself. */
export interface About {
  readonly title: string;
  /** For the reader at 3 a.m.: what it shows, and what to make of it. */
  readonly description: string;
  readonly unit: string;
  /** What an empty answer means. */
  readonly noValue: string;
  readonly width: number;
  readonly height?: number;
}

/** One query: PromQL and the name of its lines. */
export type Query = readonly [expr: string, legend: string];

/** Steps upwards: the colour holds from its value on; the first is for everything below. */
export const steps = (lowest: string, ...rest: readonly (readonly [from: number, colour: string])[]) =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: lowest }, ...rest.map(([value, color]) => ({ value, color }))]);

/** 1 is the page line; the ticket line of a subject lies between 0.3 and 1. */
export const scoreSteps = () => steps(COLOUR.ok, [0.5, COLOUR.warning], [1, COLOUR.critical]);

export const link = (title: string, url: string): DashboardLinkBuilder =>
  new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).targetBlank(true);

/** From a line or a row to the dashboard of its stage, with the time and the choices above kept. */
export const toStage = (labels: '__field.labels' | '__data.fields'): DashboardLinkBuilder =>
  new DashboardLinkBuilder('This stage')
    .type(DashboardLinkType.Link)
    .url(
      `/d/headgate-stage?\${__url_time_range}&\${datasource:queryparam}&\${page:queryparam}&var-pipeline=\${${labels}.pipeline}&var-stage=\${${labels}.stage}`,
    );
