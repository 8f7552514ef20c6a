import { z } from 'zod';

/**
 * The parts of Grafana's dashboard JSON (schema 42) that ours use, written strictly: a key that Grafana does not know, or a value of
 * another type, is found here and not by a reader before an empty panel.
 */
const Datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const Step = z.strictObject({ value: z.number().nullable(), color: z.string().min(1) });
const Thresholds = z
  .strictObject({ mode: z.enum(['absolute', 'percentage']), steps: z.array(Step).min(1) })
  .refine(({ steps }) => steps[0]?.value === null, 'the first step is for everything below')
  .refine(
    ({ steps }) => steps.slice(1).every(({ value }, i) => value !== null && value > (steps[i]?.value ?? -Infinity)),
    'steps go upwards',
  );
const Mapping = z.strictObject({
  type: z.literal('value'),
  options: z.record(z.string(), z.strictObject({ text: z.string(), color: z.string(), index: z.int() })),
});
const Link = z.strictObject({
  title: z.string().min(1),
  type: z.enum(['link', 'dashboards']),
  icon: z.string(),
  tooltip: z.string(),
  url: z.string().optional(),
  tags: z.array(z.string()),
  asDropdown: z.boolean(),
  targetBlank: z.boolean(),
  includeVars: z.boolean(),
  keepTime: z.boolean(),
});
/** What an override may set, and the type it then has. */
const PROPERTIES = {
  unit: z.string(),
  decimals: z.int(),
  mappings: z.array(Mapping),
  thresholds: Thresholds,
  color: z.strictObject({ mode: z.literal('fixed'), fixedColor: z.string() }),
  'custom.cellOptions': z.strictObject({ type: z.literal('color-text') }),
  'custom.lineWidth': z.int(),
  'custom.fillBelowTo': z.string(),
  'custom.fillOpacity': z.int(),
  'custom.lineStyle': z.strictObject({ fill: z.literal('dash'), dash: z.array(z.int()) }),
} as const;
const Property = z.union(
  Object.entries(PROPERTIES).map(([id, value]) => z.strictObject({ id: z.literal(id), value })) as unknown as [
    z.ZodType,
    z.ZodType,
  ],
);
const Override = z.strictObject({
  matcher: z.strictObject({ id: z.enum(['byName', 'byFrameRefID']), options: z.string().min(1) }),
  properties: z.array(Property).min(1),
});
const Target = z.strictObject({
  expr: z.string().min(1),
  legendFormat: z.string().min(1),
  refId: z.string().regex(/^([A-Z]|Anno)$/),
  datasource: Datasource,
  instant: z.boolean().optional(),
  range: z.boolean().optional(),
  format: z.enum(['time_series', 'table']).optional(),
});
const Transformation = z.union([
  z.strictObject({ id: z.literal('merge'), options: z.strictObject({}) }),
  z.strictObject({
    id: z.literal('organize'),
    options: z.strictObject({
      excludeByName: z.record(z.string(), z.boolean()),
      renameByName: z.record(z.string(), z.string()),
    }),
  }),
]);
const GridPos = z.strictObject({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1), h: z.int().min(1) });
const Panel = z.strictObject({
  id: z.int().positive(),
  type: z.enum(['stat', 'gauge', 'timeseries', 'table', 'state-timeline', 'bargauge']),
  title: z.string().min(1),
  description: z.string().min(1),
  transparent: z.boolean().optional(),
  datasource: Datasource,
  gridPos: GridPos,
  repeat: z.literal('signal').optional(),
  repeatDirection: z.enum(['h', 'v']).optional(),
  maxPerRow: z.int().optional(),
  targets: z.array(Target).min(1),
  transformations: z.array(Transformation).optional(),
  options: z.record(z.string(), z.unknown()).optional(),
  fieldConfig: z.strictObject({
    defaults: z.strictObject({
      unit: z.string().min(1),
      noValue: z.string().min(1),
      decimals: z.int().optional(),
      min: z.number().optional(),
      max: z.number().optional(),
      mappings: z.array(Mapping).optional(),
      thresholds: Thresholds.optional(),
      color: z.strictObject({ mode: z.enum(['thresholds', 'palette-classic']) }).optional(),
      links: z.array(Link).optional(),
      custom: z.record(z.string(), z.unknown()).optional(),
    }),
    overrides: z.array(Override),
  }),
});
const Row = z.strictObject({
  id: z.int().positive(),
  type: z.literal('row'),
  title: z.string().min(1),
  collapsed: z.literal(false),
  gridPos: GridPos,
  panels: z.array(z.never()),
});
const Variable = z.looseObject({
  type: z.enum(['query', 'datasource', 'textbox']),
  name: z.string().regex(/^[a-z]+$/),
  label: z.string().min(1),
});
const Annotation = z.looseObject({
  name: z.string(),
  datasource: Datasource,
  enable: z.boolean(),
  iconColor: z.string(),
  expr: z.string(),
  titleFormat: z.string(),
});

export const DashboardShape = z.strictObject({
  uid: z.string().regex(/^headgate-[a-z]+$/),
  title: z.string().startsWith('Headgate'),
  description: z.string().min(20),
  tags: z.tuple([z.literal('headgate')]),
  editable: z.literal(false),
  timezone: z.literal('browser'),
  refresh: z.string(),
  time: z.strictObject({ from: z.string(), to: z.literal('now') }),
  graphTooltip: z.literal(1),
  schemaVersion: z.literal(42),
  fiscalYearStartMonth: z.int().optional(),
  panels: z.array(z.union([Panel, Row])).min(8),
  templating: z.strictObject({ list: z.array(Variable) }),
  annotations: z.strictObject({ list: z.array(Annotation) }),
  links: z.array(Link),
});

export type DashboardJson = z.output<typeof DashboardShape>;
export type PanelJson = z.output<typeof Panel>;
