import assert from 'node:assert/strict';
import { until } from '../support/until.ts';
import type { Receivers } from './receivers.ts';
import type { Seen } from './watch.ts';

/**
 * Everybody was told of the incident once and of its end once: one Slack message that was brought up to date in place, one
 * PagerDuty alert under one key where the incident was worth a page, and every alert that Alertmanager told of is over.
 */
export async function assertTold({ incident }: Seen, receivers: Receivers): Promise<void> {
  const { id } = incident;
  const messages = receivers.messagesOf(id);
  assert.equal(messages.length, 1, `messages of incident ${id}: ${JSON.stringify(messages)}`);
  assert.match(messages[0]?.text ?? '', /^Resolved: /);
  assert.ok((messages[0]?.updates ?? 0) >= 1, 'brought up to date in place');
  assert.equal(messages[0]?.thread.filter((line) => line.includes('*Resolved.*')).length, 1, 'the end was told once');

  const events = receivers.eventsOf(id);
  if (incident.severity === 'critical') {
    assert.equal(new Set(events.map(({ dedup_key }) => dedup_key)).size, 1, 'one alert, whatever became known later');
    assert.equal(events[0]?.event_action, 'trigger');
    assert.match(String(events[0]?.payload?.custom_details?.pages_this_week), /^[1-9]\d* of \d+$/);
    assert.match(messages[0]?.blocks ?? '', / · pages this week [1-9]\d* of \d+ · /);
    const ends = events.filter(({ event_action }) => event_action === 'resolve');
    assert.equal(ends.length, 1, 'resolved once');
    assert.equal(events.at(-1)?.event_action, 'resolve', 'and nothing after it');
  } else assert.deepEqual(events, [], 'nobody is woken by a ticket');

  const states = (): Map<string, string[]> => {
    const found = new Map<string, string[]>();
    for (const { labels, status } of receivers.alertsOf(id)) {
      const before = found.get(labels.severity ?? '') ?? [];
      if (before.at(-1) !== status) found.set(labels.severity ?? '', [...before, status]);
    }
    return found;
  };
  await until(() => states().get(incident.severity)?.at(-1) === 'resolved', {
    what: `Alertmanager has told that incident ${id} is over`,
    within: 60_000,
    every: 50,
  });
  for (const [severity, told] of states())
    assert.deepEqual(told, ['firing', 'resolved'], `alert of severity ${severity}`);
}
