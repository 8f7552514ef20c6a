import type { PolicyMode } from '../domain/plan.ts';
import type { CommandResult, Commands, View } from '../domain/ports.ts';
import type { Subject } from '../domain/subject.ts';
import { DAY, type EpochMs, HOUR, SECOND, WEEK } from '../domain/time.ts';
import { type Answer, badRequest, json, Refusal } from './answer.ts';
import { type Fields, readFields } from './fields.ts';
import type { Ask, Route } from './router.ts';

const MODES: readonly PolicyMode[] = ['observe', 'dry-run', 'enforce'];
const LABELS = ['real', 'not-an-anomaly'] as const;
const SUBJECT = /^[^./]{1,64}\.[^/]{1,64}\/.{1,128}$/;

/** Everything that can be asked of the daemon. The guard was passed before; each body says by whom, for the audit log. */
export function writeRoutes(view: View, commands: Commands): Route[] {
  const post = (
    path: string,
    known: readonly string[],
    run: (ask: Ask, fields: Fields, by: string) => Promise<CommandResult>,
  ): Route => ({
    method: 'POST',
    path: `/api/v1${path}`,
    handle: async (ask) => {
      const fields = await readFields(ask.request, [...known, 'by']);
      return answerOf(await run(ask, fields, fields.optionalText('by', 'http', 100)));
    },
  });
  return [
    post('/leases/:id/release', ['reason', 'holdoff'], (ask, fields, by) =>
      commands.releaseLease(ask.param('id'), {
        by,
        reason: fields.text('reason'),
        holdOff: fields.duration('holdoff', 0, WEEK),
      }),
    ),
    post('/incidents/:id/ack', [], (ask, _, by) => commands.acknowledge(ask.param('id'), { by })),
    post('/incidents/:id/mute', ['for', 'until'], (ask, fields, by) =>
      commands.mute(ask.param('id'), { by, until: muteEnd(fields, view.now()) }),
    ),
    post('/incidents/:id/label', ['label'], (ask, fields, by) =>
      commands.label(ask.param('id'), { by, label: fields.oneOf('label', LABELS) }),
    ),
    post('/incidents/:id/note', ['text'], (ask, fields, by) =>
      commands.note(ask.param('id'), { by, text: fields.text('text', 4_000) }),
    ),
    post('/subjects/:id/accept', [], (ask, _, by) => commands.accept(subjectOf(ask), { by })),
    post('/policies/:name/promote', ['mode'], (ask, fields, by) =>
      commands.promote(ask.param('name'), { by, mode: fields.oneOf('mode', MODES) }),
    ),
    post('/actions/stop', ['reason'], (_, fields, by) => commands.stopActing({ by, reason: fields.text('reason') })),
    post('/actions/resume', [], (_ask, _fields, by) => commands.resumeActing({ by })),
    post('/notifiers/:name/test', [], (ask, _, by) => commands.testNotice(ask.param('name'), { by })),
  ];
}

/** Either how long (`for`) or until when; an hour where neither is said, a month at most. */
function muteEnd(fields: Fields, now: EpochMs): EpochMs {
  const until = fields.optionalTime('until') ?? now + fields.duration('for', HOUR, 30 * DAY);
  if (until < now + SECOND || until > now + 30 * DAY) throw badRequest('want a mute that ends within the next 30 days');
  return until;
}

function subjectOf(ask: Ask): Subject {
  const id = ask.param('id');
  if (!SUBJECT.test(id))
    throw badRequest(
      'want a subject such as orders.enrich/lag_seconds, or orders.enrich/* for all signals of a stage together',
    );
  return id as Subject;
}

function answerOf(result: CommandResult): Answer {
  if (result.ok) return json({ ok: true });
  throw new Refusal(result.code === 'not-found' ? 404 : 409, result.code, result.message);
}
