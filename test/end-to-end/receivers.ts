import { type Loopback, loopback } from '../support/loopback.ts';

/** A message as people see it in the channel; `thread` holds what was said below it. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: string;
  readonly updates: number;
  readonly thread: readonly string[];
}

export interface PagerDutyEvent {
  readonly path: string;
  readonly event_action?: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key?: string;
  readonly payload?: {
    readonly summary: string;
    readonly severity: string;
    readonly custom_details?: Readonly<Record<string, unknown>>;
  };
}

export interface AlertNotice {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface SlackCall {
  readonly text: string;
  readonly ts?: string;
  readonly thread_ts?: string;
  readonly blocks?: unknown;
}

/** The receivers of notices on loopback, as far as Headgate and Alertmanager meet them. */
export async function startReceivers() {
  const messages = new Map<string, { text: string; blocks: string; updates: number; thread: string[] }>();
  const events: PagerDutyEvent[] = [];
  const alerts: AlertNotice[] = [];
  let sent = 0;
  const slack = await loopback(({ path, body }, response) => {
    const call = JSON.parse(body) as SlackCall;
    const blocks = JSON.stringify(call.blocks ?? []);
    const ts = call.ts ?? `1700000000.${String(++sent).padStart(6, '0')}`;
    if (path.endsWith('chat.update')) {
      const known = messages.get(ts);
      if (known) Object.assign(known, { text: call.text, blocks, updates: known.updates + 1 });
    } else if (call.thread_ts) messages.get(call.thread_ts)?.thread.push(call.text);
    else messages.set(ts, { text: call.text, blocks, updates: 0, thread: [] });
    const answer = { ok: messages.has(call.thread_ts ?? ts), error: 'message_not_found', channel: 'C0123', ts };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  const pagerduty = await loopback(({ path, body }, response) => {
    const event = JSON.parse(body) as PagerDutyEvent;
    events.push({ ...event, path });
    const answer = { status: 'success', message: 'Event processed', dedup_key: event.dedup_key };
    response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  /** Whoever Alertmanager tells. */
  const ops = await loopback(({ body }, response) => {
    alerts.push(...(JSON.parse(body) as { alerts: AlertNotice[] }).alerts);
    response.end();
  });
  const servers: readonly Loopback[] = [slack, pagerduty, ops];
  return {
    urls: { slack: slack.url, pagerduty: pagerduty.url, ops: ops.url },
    /** Messages of the channel that lead to the incident. */
    messagesOf: (incident: string): readonly SlackMessage[] =>
      [...messages.values()].filter(({ blocks }) => blocks.includes(`/incidents/${incident}"`)),
    eventsOf: (incident: string): readonly PagerDutyEvent[] =>
      events.filter(({ dedup_key }) => dedup_key?.endsWith(`/${incident}`)),
    alertsOf: (incident: string): readonly AlertNotice[] => alerts.filter(({ labels }) => labels.incident === incident),
    close: () => Promise.all(servers.map((server) => server.close())),
  };
}

export type Receivers = Awaited<ReturnType<typeof startReceivers>>;
