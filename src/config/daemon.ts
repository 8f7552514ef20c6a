import type { WindowPlan } from '../domain/plan.ts';
import type { StageId } from '../domain/stage.ts';
import { secretOf } from '../kit/secret.ts';
import type { Config, DigestConfig, RouteConfig, ServerConfig } from './config.ts';
import type { Findings } from './findings.ts';
import { hint, type Path } from './problem.ts';
import type { RootShape } from './shape.ts';

/** Names a section may refer to. */
export interface Names {
  readonly pipelines: readonly string[];
  readonly stages: readonly string[];
  readonly notifiers: readonly string[];
}

export function readServer(server: RootShape['server']): ServerConfig {
  const cut = server.listen.lastIndexOf(':');
  const host = server.listen.slice(0, cut).replace(/^\[|\]$/g, '');
  return {
    host,
    port: Number(server.listen.slice(cut + 1)),
    token: secretOf(server, 'token'),
    pageUrl: (server.page_url ?? `http://${server.listen}`).replace(/\/+$/, ''),
    allowedHosts: server.allowed_hosts,
  };
}

export function readRoutes(routes: RootShape['routes'], names: Names, findings: Findings): RouteConfig[] {
  return routes.map(({ severity, pipeline, stage, to }, index) => {
    const path = ['routes', index];
    if (pipeline !== undefined) check('pipeline', pipeline, names.pipelines, [...path, 'pipeline'], findings);
    if (stage !== undefined) check('stage', stage, names.stages, [...path, 'stage'], findings);
    checkAll('notifier', to, names.notifiers, [...path, 'to'], findings);
    const severities = severity === undefined ? [] : [severity].flat();
    return { severities, pipeline, stage: stage as StageId | undefined, to };
  });
}

export function readCalendars({ holidays, timezone }: RootShape['calendars']): Config['calendars'] {
  return { holidays: [...new Set(holidays)].toSorted((a, b) => a - b), timezone };
}

export function readWindows(
  section: 'maintenance' | 'retraining',
  windows: RootShape['maintenance'],
  calendar: Config['calendars'],
  known: Names,
  findings: Findings,
): WindowPlan[] {
  const names = windows.map(({ name }, index) => name ?? `window-${index + 1}`);
  return windows.map(({ cron, duration, pipelines, stages, timezone }, index) => {
    const path = [section, index];
    const name = names[index] as string;
    if (names.indexOf(name) < index) findings.error([...path, 'name'], `a second window named "${name}"`);
    checkAll('pipeline', pipelines, known.pipelines, [...path, 'pipelines'], findings);
    checkAll('stage', stages, known.stages, [...path, 'stages'], findings);
    return { name, cron, timezone: timezone ?? calendar.timezone, duration, pipelines, stages: stages as StageId[] };
  });
}

export function readDigests(
  digests: RootShape['digests'],
  calendar: Config['calendars'],
  known: Names,
  findings: Findings,
): DigestConfig[] {
  return digests.map(({ cron, timezone, to }, index) => {
    checkAll('notifier', to, known.notifiers, ['digests', index, 'to'], findings);
    return { cron, timezone: timezone ?? calendar.timezone, to };
  });
}

function check(noun: string, name: string, known: readonly string[], path: Path, findings: Findings): void {
  if (!known.includes(name)) findings.error(path, `unknown ${noun} "${name}"${hint(name, known)}`);
}

function checkAll(
  noun: string,
  names: readonly string[],
  known: readonly string[],
  path: Path,
  findings: Findings,
): void {
  for (const [index, name] of names.entries()) check(noun, name, known, [...path, index], findings);
}
