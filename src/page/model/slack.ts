import type { ApiIncident } from '../../server/api.ts';
import { incidentName, pipelineOf } from './names.ts';

const SIGN: Readonly<Record<ApiIncident['severity'], string>> = {
  critical: ':octagonal_sign: *Critical',
  warning: ':warning: *Warning',
};

/** `<`, `>` and `&` are control characters of Slack's mrkdwn. */
const plain = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One incident as mrkdwn to be pasted into a channel: the four lines every reader gets, and a link to the page. */
export function slackText(incident: ApiIncident, pageUrl: string): string {
  const sign = incident.state === 'resolved' ? ':white_check_mark: *Resolved' : SIGN[incident.severity];
  const { story } = incident;
  const lines = [
    `${sign} · ${plain(story.headline)}* · ${plain(pipelineOf(incident.root))} ${plain(incidentName(incident.id))}`,
    `*Wrong* ${plain(story.wrong)}`,
    story.also && `*Also* ${plain(story.also)}`,
    story.done && `*Done* ${plain(story.done)}`,
    story.next && `*Next* ${plain(story.next)}`,
    `${pageUrl}#/incidents/${encodeURIComponent(incident.id)}`,
  ];
  return `${lines.filter(Boolean).join('\n')} (times in UTC)`;
}
