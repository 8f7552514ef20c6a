import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { actions } from './actions.ts';
import { data } from './data.ts';
import { itself } from './itself.ts';
import { overview } from './overview.ts';
import { stage } from './stage.ts';

/** Every dashboard, in the order in which a reader goes through them. */
export const DASHBOARDS: readonly (() => Dashboard)[] = [overview, stage, data, actions, itself];

/** The committed files: path and text. */
export const renderDashboards = (): (readonly [path: string, text: string])[] =>
  DASHBOARDS.map((make) => make()).map((one) => [`dashboards/${one.uid}.json`, `${JSON.stringify(one, null, 2)}\n`]);
