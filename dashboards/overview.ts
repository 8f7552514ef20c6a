import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { flow, now, stages } from './fleet.ts';
import { itself } from './itself.ts';
import { COLOUR, DATASOURCE, link, P, S } from './panels.ts';
import { oneStage } from './stage.ts';

const variable = (name: string, label: string, query: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);

const annotation = (name: string, colour: string, expr: string, title: string): AnnotationQueryBuilder =>
  new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .expr(expr)
    .titleFormat(title)
    .target(new DataqueryBuilder().expr(expr).refId('Anno'));

/** The one dashboard: the fleet, one stage, and the daemon itself. */
export function overview(): Dashboard {
  const dashboard = new DashboardBuilder('Headgate')
    .uid('headgate-overview')
    .description('Every stage Headgate watches: what is wrong, what was done, and how the daemon itself is.')
    .tags(['headgate'])
    .readonly()
    .timezone('browser')
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      variable('pipeline', 'Pipeline', 'label_values(headgate_verdict, pipeline)')
        .multi(true)
        .includeAll(true)
        .allValue('.+'),
    )
    .withVariable(variable('stage', 'Stage', `label_values(headgate_verdict{${P}}, stage)`))
    .withVariable(
      variable('signal', 'Signals', `label_values(headgate_signal_value{${S}}, signal)`).multi(true).includeAll(true),
    )
    .withVariable(new TextBoxVariableBuilder('page').label('Headgate page').defaultValue('http://127.0.0.1:9464'))
    .link(link('Open the stage on the page', '${page}/#/stage/${pipeline}/${stage}'))
    .annotation(
      annotation(
        'Incidents',
        COLOUR.critical,
        `changes(headgate_incident_open{${P}}[1m]) > 0`,
        'incident {{pipeline}}',
      ),
    )
    .annotation(
      annotation(
        'Gates',
        COLOUR.held,
        `changes(headgate_lease_active{${P}}[1m]) > 0`,
        'gate of {{pipeline}}.{{stage}}',
      ),
    );
  for (const part of [now, stages, flow, oneStage, itself]) part(dashboard);
  const built = dashboard.build();
  built.panels?.forEach((panel, index) => {
    panel.id = index + 1;
  });
  return built;
}

export const renderOverview = (): string => `${JSON.stringify(overview(), null, 2)}\n`;
