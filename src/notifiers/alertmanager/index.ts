import { z } from 'zod';
import type { Notice } from '../../domain/notice.ts';
import { MINUTE, SECOND } from '../../domain/time.ts';
import { defineNotifier, type Notifier, type NotifierContext, type Standing } from '../../kit/component.ts';
import { duration } from '../../kit/duration.ts';
import { httpClient, httpClientFields } from '../../kit/http-client.ts';
import { runbookField } from '../../kit/notice-links.ts';
import { alertOf, formerOf, lastsFor } from './alert.ts';
import { postToAll } from './replicas.ts';

/** So many notices, of different incidents, are under way at once. */
const AT_ONCE = 4;

const LabelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'a label has letters, digits and _');

export const AlertmanagerConfig = z.strictObject({
  urls: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .meta({
      description: 'Every replica, by its own address: never one address that spreads the load over them.',
      examples: [['http://alertmanager-0:9093', 'http://alertmanager-1:9093']],
    }),
  resend_interval: duration
    .refine((length) => length >= SECOND && length <= MINUTE, 'want from 1s to 1m')
    .prefault('30s')
    .meta({ description: 'How often an open incident is sent again.', default: '30s' }),
  labels: z.record(LabelName, z.string().min(1)).default({}).meta({
    description: 'Further labels of every alert, such as a cluster or a team.',
  }),
  ...runbookField,
  ...httpClientFields('10s'),
});

export type AlertmanagerConfig = z.output<typeof AlertmanagerConfig>;

export const alertmanager = defineNotifier({
  type: 'alertmanager',
  stability: 'stable',
  summary:
    'Keeps an alert in Prometheus Alertmanager firing for as long as the incident is open (API v2, all replicas).',
  description: `One alert for each incident: \`HeadgateIncident\` with the labels \`pipeline\`, \`stage\` (the one it opened on),
\`incident\` and \`severity\`. They stay while the incident does; only \`severity\` may rise, and the warning is then ended. What
changes is in the annotations: \`summary\`, \`description\`, \`also\`, \`done\`, \`next\`, \`root\`, \`cause\`, \`affected\`,
\`dashboard_url\`, \`runbook_url\`. Silences, inhibitions and routes are Alertmanager's own.

An open incident is sent again every \`resend_interval\`, by whichever process runs, and fires on for four intervals (or three
looks at its stage, if longer) without that: an Alertmanager that restarts or three sends that fail end nothing. An end is sent
again for five minutes. Where Headgate itself stays away for longer, Alertmanager takes its alerts for resolved.

Every replica in \`urls\` gets every alert; one that took it is enough. 408, 425, 429, 5xx, a timeout and a broken connection are
tried again. An alert that is refused (400) holds up no other.`,
  config: AlertmanagerConfig,
  examples: [
    {
      title: 'A pair of replicas',
      yaml: `notifiers:
  alerts:
    type: alertmanager
    urls: ['http://alertmanager-0:9093', 'http://alertmanager-1:9093']
    labels: { cluster: eu-1 }
routes: [{ severity: [critical, warning], to: [alerts] }]`,
    },
  ],
  create: createAlertmanager,
});

function createAlertmanager(config: AlertmanagerConfig, { clock, pageUrl }: NotifierContext): Notifier {
  const client = httpClient(config, { clock });
  const style = { pageUrl, runbookUrl: config.runbook_url, labels: config.labels };
  const every = config.resend_interval;
  const untilOf = (interval: number): number => clock.now() + lastsFor(every, interval, config.timeout);

  const send = async (notice: Notice, _attempt: number, abort: AbortSignal): Promise<void> => {
    // What was done to a gate is an annotation of the alert that stands; the next reminder brings it.
    if (notice.change === 'action' || notice.change === 'acknowledged' || notice.change === 'digest') return;
    const former = formerOf(notice, style);
    const alert = alertOf(notice, notice.change === 'test' ? clock.now() + MINUTE : untilOf(0), style);
    await postToAll(client, config.urls, former ? [former, alert] : [alert], abort);
  };
  const remind = async (standing: readonly Standing[], abort: AbortSignal): Promise<void> => {
    if (standing.length === 0) return;
    const alerts = standing.map(({ notice, every: interval }) => alertOf(notice, untilOf(interval), style));
    const [failed] = await postToAll(client, config.urls, alerts, abort);
    if (failed) throw failed;
  };
  return { send, keepsState: true, atOnce: AT_ONCE, remind: { every, send: remind }, close: () => client.close() };
}
