import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Incident } from '../../../src/domain/incident.ts';
import type { Notice } from '../../../src/domain/notice.ts';
import { storyOf } from '../../../src/domain/story.ts';
import { linksOf } from '../../../src/kit/notice-links.ts';
import { actionMessage, messageOf, newsOf, type SlackMessage } from '../../../src/notifiers/slack/message.ts';
import { escapeWithin, link } from '../../../src/notifiers/slack/mrkdwn.ts';
import { leaseOf } from '../../contracts/actuator.ts';
import { anyNotice, incidentOf, noticeOf, resolvedNotice, together } from '../../contracts/notices.ts';

const PAGE = 'https://headgate.example.com';
const linksFor = (notice: Notice) => linksOf(notice, PAGE, 'https://wiki.example.com/{stage}');
const textsOf = (message: SlackMessage): string[] =>
  [...JSON.stringify(message).matchAll(/"(?:text|url)":("(?:[^"\\]|\\.)*")/g)].map(([, text]) =>
    JSON.parse(text ?? ''),
  );
const sectionsOf = (message: SlackMessage): string[] =>
  (message.blocks as { type: string; text?: { text: string } }[]).flatMap((block) =>
    block.type === 'section' && block.text ? [block.text.text] : [],
  );
const lease = leaseOf(
  { kind: 'throttle', rate: 32 },
  {
    state: 'active',
    stage: 'orders.ingest',
    policy: 'keep-enrich',
    grantedAt: noticeOf().at,
    expiresAt: noticeOf().at + 720_000,
  },
);

test('slack: signals that are unusual together come with value, expected band and share', () => {
  const incident = incidentOf({ because: [together], cause: 'unknown' });
  const notice = noticeOf({ incident, story: storyOf({ incident, leases: [], now: noticeOf().at }) });
  const [, lines] = sectionsOf(messageOf(notice, linksFor(notice)));
  assert.match(
    lines ?? '',
    /^\*Wrong\* unusual together: lag_seconds 321 s, usually 2 to 16 s \(60 %\); rows 40 %, since /,
  );
});

test('slack: an open incident is its headline, four lines, buttons and the small print', () => {
  const notice = noticeOf({ leases: [lease] });
  const message = messageOf(notice, linksFor(notice));
  assert.equal(
    message.text,
    'Critical: enrich is slow and 12.5 s behind: lag_seconds 13 s, limit 5 s. 1 other stage feels it. ingest throttled to 32/s until 03:22.',
  );
  assert.deepEqual(message.blocks, [
    {
      type: 'section',
      text: {
        type: 'mrkdwn',
        text: `:octagonal_sign: *Critical · <${PAGE}/#/incidents/3|enrich is slow and 12.5 s behind>* · orders`,
      },
    },
    {
      type: 'section',
      text: {
        type: 'mrkdwn',
        text: `*Wrong* ${notice.story.wrong}\n*Also* load feels it\n*Done* ${notice.story.done}\n*Next* ${notice.story.next}`,
      },
    },
    {
      type: 'actions',
      elements: [
        ['open', 'Open', `${PAGE}/#/incidents/3`],
        ['release', 'Release gate…', `${PAGE}/#/incidents/3?release=${lease.id}`],
        ['mute', 'Mute…', `${PAGE}/#/incidents/3`],
        ['runbook', 'Runbook', 'https://wiki.example.com/enrich'],
      ].map(([id, text, url]) => ({ type: 'button', action_id: id, text: { type: 'plain_text', text }, url })),
    },
    {
      type: 'context',
      elements: [{ type: 'mrkdwn', text: '#3 · opened 03:10 · score 2.5 (line 1) · updated 03:10 · times in UTC' }],
    },
  ]);
});

test('slack: the small print says how likely it was, and what is spent of the budget', () => {
  const [fact] = incidentOf().because;
  const because = [
    { ...fact, pValue: 0.02 },
    { ...fact, pValue: 4.2e-6 },
  ] as Incident['because'];
  const notice = noticeOf({ incident: incidentOf({ because }), budget: { pagesUsed: 1, pagesPerWeek: 2 } });
  const { blocks } = messageOf(notice, linksFor(notice));
  assert.match(JSON.stringify(blocks.at(-1)), /score 2\.5 \(line 1\) · p 4e-6 · pages this week 1 of 2 · updated/);
});

test('slack: the end of an incident has its own sign and words', () => {
  const notice = resolvedNotice();
  const [head, lines] = sectionsOf(messageOf(notice, linksFor(notice)));
  assert.match(head ?? '', /^:white_check_mark: \*Resolved · </);
  assert.match(lines ?? '', /^\*Was\* .*\n\*Also\* .*\n\*Did\* .*\n\*Next\* /);
});

test('slack: a warning, a test and an action have theirs', () => {
  const warning = noticeOf({ incident: incidentOf({ severity: 'warning' }), severity: 'warning' });
  assert.match(sectionsOf(messageOf(warning, linksFor(warning)))[0] ?? '', /^:warning: \*Warning · /);
  const text = 'Test from Headgate; nothing is wrong.';
  const rehearsal = noticeOf({ change: 'test', story: { headline: text, wrong: text, also: '', done: '', next: '' } });
  assert.deepEqual(sectionsOf(messageOf(rehearsal, linksFor(rehearsal))), [`:wave: ${text}`]);
  const action = noticeOf({ change: 'action', severity: 'info', leases: [lease], lease: lease.id });
  assert.deepEqual(sectionsOf(actionMessage(action, linksFor(action))), [
    `:construction: 03:10 *Held* ingest throttled to 32/s until 03:22 (keep-enrich), because enrich is 12 s behind. ${lease.id} <${PAGE}/#/incidents/3|#3>`,
  ]);
});

test('slack: a digest lists the worst, counts the rest, and leads to the incidents', () => {
  const one = {
    incident: '7',
    root: 'orders.enrich',
    change: 'opened',
    severity: 'warning',
    at: noticeOf().at,
    headline: 'enrich is <slow>',
  } as const;
  const story = {
    headline: '140 notices not delivered one by one',
    wrong: '140 notices not delivered one by one: …',
    also: '',
    done: '',
    next: 'Look at the page.',
  };
  const notice = noticeOf({ change: 'digest', story, collapsed: { count: 140, notices: Array(50).fill(one) } });
  const message = messageOf(notice, linksFor(notice));
  const [head, list] = sectionsOf(message);
  assert.equal(head, `:octagonal_sign: *<${PAGE}/#/incidents|140 notices not delivered one by one>*`);
  const lines = list?.split('\n') ?? [];
  assert.deepEqual(
    [lines.length, lines[0], lines.at(-1)],
    [21, '• 03:10 :warning: enrich is &lt;slow&gt;', '… and 120 more'],
  );
});

test('slack: the news of a thread is one line for each kind of change', () => {
  const { wrong } = noticeOf().story;
  const line = (more: Partial<Notice>) => newsOf(noticeOf(more));
  assert.equal(line({ change: 'severity-raised' }), `03:10 *Critical now.* ${wrong}`);
  assert.equal(line({ change: 'root-moved' }), `03:10 *Root moved* to enrich. ${wrong}`);
  assert.equal(
    line({ change: 'acknowledged', incident: incidentOf({ acknowledgedBy: 'Ann <ann>' }) }),
    '03:10 *Acknowledged* by Ann &lt;ann&gt;.',
  );
  const failed = { ...lease, state: 'failed' as const, preImage: 1, error: 'HTTP 403 from flink.' };
  assert.equal(
    line({ change: 'action', leases: [failed], lease: lease.id }),
    `:warning: 03:10 *Could not release* ingest (keep-enrich): HTTP 403 from flink. By hand: headgate release ${lease.id}`,
  );
});

test('slack: the list of stages gives way first, then the names of policies; Wrong, Next and the link never do', () => {
  const affected = Array.from({ length: 400 }, (_, index) => `orders.stage-${index}` as const);
  const story = {
    headline: 'enrich is slow',
    wrong: 'W'.repeat(2_800),
    also: affected.map((id) => id.slice(7)).join(', '),
    done: 'ingest throttled (keep-enrich). '.repeat(100),
    next: 'N'.repeat(2_800),
  };
  const notice = noticeOf({ story, incident: incidentOf({ affected: ['orders.enrich', ...affected] }) });
  const all = sectionsOf(messageOf(notice, linksFor(notice))).join('\n');
  assert.ok(all.includes(story.wrong) && all.includes(story.next) && all.includes('#/incidents/3'));
  assert.match(all, /\*Also\* (stage-\d+, )*stage-\d+ \+\d+\n/);
  assert.ok(all.includes('*Done* ingest throttled. ingest throttled.'), 'the policy is named on the page');
});

test('slack: whatever is in an incident, every limit holds', () => {
  const nasty = fc.constantFrom('', '&', '<!channel>', '🌊', 'a|b', '\n');
  fc.assert(
    fc.property(
      anyNotice,
      nasty,
      fc.constantFrom<Notice['change']>('opened', 'action', 'resolved'),
      (notice, more, change) => {
        const story = {
          ...notice.story,
          wrong: notice.story.wrong + more.repeat(100),
          headline: notice.story.headline + more,
        };
        const full: Notice = { ...notice, story, change };
        const message = change === 'action' ? actionMessage(full, linksFor(full)) : messageOf(full, linksFor(full));
        assert.ok(message.blocks.length <= 50);
        for (const section of sectionsOf(message)) assert.ok(section.length > 0 && section.length <= 3_000);
        const total = textsOf(message).reduce((sum, text) => sum + text.length, 0);
        assert.ok(total <= 10_000, `${total}`);
        assert.ok(!JSON.stringify(message).includes('<!channel'), 'nobody is shouted at by the name of a stage');
        assert.ok(newsOf(full).length <= 3_000);
      },
    ),
    { numRuns: 10_000 },
  );
});

test('slack: escaping cuts no entity and no character in half', () => {
  assert.equal(escapeWithin('a<b', 6), 'a&lt;b');
  assert.equal(escapeWithin('a<bc', 6), 'a&lt;…');
  assert.equal(escapeWithin('<<', 5), '&lt;…');
  assert.equal(escapeWithin('🌊🌊', 3), '🌊…');
  assert.equal(link('https://x/?a=1&b=2', 'two\nlines | one', 100), '<https://x/?a=1&amp;b=2|two lines ¦ one>');
});
