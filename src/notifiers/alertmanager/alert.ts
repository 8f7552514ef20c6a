import type { Notice } from '../../domain/notice.ts';
import { stageNameOf } from '../../domain/stage.ts';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import { linksOf } from '../../kit/notice-links.ts';
import { within } from '../../kit/within.ts';

/** One alert of `POST /api/v2/alerts`. Its labels are its identity; everything that changes is an annotation. */
export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

export interface AlertStyle {
  readonly pageUrl: string;
  readonly runbookUrl: string | undefined;
  /** Further labels of the config, such as a cluster or a team. */
  readonly labels: Readonly<Record<string, string>>;
}

const MOST_TEXT = 2_000;
const MOST_STAGES = 50;

/**
 * The alert of an incident, firing until `endsAt` or over since it was resolved. `stage` is the one the incident opened on and
 * `incident` its number: both stay when root and cause get known better, so that the fingerprint does. Only `severity` may rise,
 * because routes ask for it; `formerOf` then ends what fired before.
 */
export function alertOf(notice: Notice, endsAt: EpochMs, style: AlertStyle, severity = severityOf(notice)): Alert {
  const { incident, change } = notice;
  const isOver = incident.state === 'resolved' && change !== 'test';
  const links = linksOf(notice, style.pageUrl, style.runbookUrl);
  const ended = Math.max(incident.resolvedAt ?? notice.at, incident.openedAt);
  return {
    labels: {
      ...style.labels,
      alertname: change === 'test' ? 'HeadgateTest' : 'HeadgateIncident',
      pipeline: incident.pipeline,
      stage: stageNameOf(incident.affected[0] ?? incident.root),
      incident: incident.id,
      severity,
    },
    annotations: annotationsOf(notice, links.incident, links.runbook),
    startsAt: iso(incident.openedAt),
    endsAt: iso(isOver ? ended : endsAt),
    generatorURL: links.incident,
  };
}

/** The end of the alert that fired as a warning before its incident became critical. */
export function formerOf(notice: Notice, style: AlertStyle): Alert | undefined {
  if (notice.change !== 'severity-raised') return undefined;
  const { labels, ...rest } = alertOf(notice, notice.at, style, 'warning');
  return { ...rest, labels, endsAt: iso(Math.max(notice.at, notice.incident.openedAt)) };
}

/**
 * How long an alert fires on without being sent again: four times the distance of two sends and three looks at the stage, and
 * one more timeout, so that three sends in a row may fail. Shorter, and Alertmanager reports recoveries that were none
 * (grafana/grafana#38419).
 */
export const lastsFor = (resend: DurationMs, every: DurationMs, timeout: DurationMs): DurationMs =>
  Math.max(4 * resend, 3 * every) + timeout;

const severityOf = ({ incident, change }: Notice): string => (change === 'test' ? 'info' : incident.severity);

function annotationsOf({ incident, story }: Notice, url: string, runbook: string | undefined) {
  const { affected } = incident;
  const more = affected.length - MOST_STAGES;
  const texts = {
    summary: within(story.headline, MOST_TEXT),
    description: within(story.wrong, MOST_TEXT),
    also: within(story.also, MOST_TEXT),
    done: within(story.done, MOST_TEXT),
    next: within(story.next, MOST_TEXT),
    root: incident.root,
    cause: incident.cause,
    affected: `${affected.slice(0, MOST_STAGES).join(' ')}${more > 0 ? ` +${more}` : ''}`,
    dashboard_url: url,
    runbook_url: runbook ?? '',
  };
  // Alertmanager strips what is empty; so do we.
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''));
}

const iso = (at: EpochMs): string => new Date(at).toISOString();
