import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { COLOUR, DATASOURCE, link, P, S } from './look.ts';

const variable = (name: string, label: string, query: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);

const many = (one: QueryVariableBuilder): QueryVariableBuilder => one.multi(true).includeAll(true).allValue('.+');

/** What a reader can choose at the top. One name means the same on every dashboard, so that a link can carry it along. */
const VARIABLES = {
  pipeline: () => many(variable('pipeline', 'Pipeline', 'label_values(headgate_verdict, pipeline)')),
  stage: () => variable('stage', 'Stage', `label_values(headgate_verdict{${P}}, stage)`),
  stages: () => many(variable('stage', 'Stages', `label_values(headgate_verdict{${P}}, stage)`)),
  signal: () =>
    variable('signal', 'Signals', `label_values(headgate_signal_value{${S}}, signal)`).multi(true).includeAll(true),
  instance: () => many(variable('instance', 'Daemon', 'label_values(headgate_build_info, instance)')),
} as const;

const annotation = (name: string, colour: string, expr: string, title: string): AnnotationQueryBuilder =>
  new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .expr(expr)
    .titleFormat(title)
    .target(new DataqueryBuilder().expr(expr).refId('Anno'));

export interface Frame {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly (keyof typeof VARIABLES)[];
  /** Where on Headgate's own page the same thing is shown, after `#/`. */
  readonly page: string;
  readonly parts: readonly ((dashboard: DashboardBuilder) => void)[];
}

/**
 * A dashboard like the others: same choices, same links, same marks over time. Incidents and gates are marked for as
 * long as they stand, as an answer at each step makes one region.
 */
export function dashboardOf({ uid, title, description, variables, page, parts }: Frame): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['headgate'])
    .readonly()
    .timezone('browser')
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const name of variables) dashboard.withVariable(VARIABLES[name]());
  dashboard
    .withVariable(new TextBoxVariableBuilder('page').label('Headgate page').defaultValue('http://127.0.0.1:9464'))
    .link(
      new DashboardLinkBuilder('Headgate')
        .type(DashboardLinkType.Dashboards)
        .tags(['headgate'])
        .keepTime(true)
        .includeVars(true),
    )
    .link(link('Headgate page', `\${page}/#/${page}`));
  if (variables.includes('pipeline'))
    dashboard
      .annotation(
        annotation(
          'Incidents',
          COLOUR.critical,
          `sum by (pipeline, stage, severity) (headgate_incident_open{${P}}) > 0`,
          '{{severity}} incident, root {{pipeline}}.{{stage}}',
        ),
      )
      .annotation(
        annotation(
          'Gates',
          COLOUR.held,
          `sum by (pipeline, stage, policy) (headgate_lease_active{${P}}) > 0`,
          'gate of {{pipeline}}.{{stage}} held by {{policy}}',
        ),
      );
  dashboard.annotation(
    annotation(
      'Configuration',
      COLOUR.line,
      'changes(headgate_config_last_reload_timestamp_seconds[2m]) > 0',
      'configuration loaded by {{instance}}',
    ),
  );
  for (const part of parts) part(dashboard);
  const built = dashboard.build();
  built.panels?.forEach((panel, index) => {
    panel.id = index + 1;
  });
  return inSight(built);
}

/** The builder puts links and marks into a menu that has to be opened first; left out, they stand above the panels. */
const inSight = (dashboard: Dashboard): Dashboard =>
  JSON.parse(
    JSON.stringify(dashboard, (key, value: unknown) =>
      key === 'placement' && value === 'inControlsMenu' ? undefined : value,
    ),
  );
