import type { Decision, WithholdReason } from '../domain/decision.ts';
import { demotionWords, factOf } from '../domain/evidence.ts';
import type { Incident } from '../domain/incident.ts';
import type { Lease } from '../domain/lease.ts';
import type { Events } from '../domain/ports.ts';
import { relearningWords } from '../domain/relearning.ts';
import type { Score } from '../domain/score.ts';
import { type StageId, titleOf } from '../domain/stage.ts';
import { releaseWords, withholdWords } from '../domain/story.ts';
import { partOfSubject, stageOfSubject } from '../domain/subject.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Severity, Verdict } from '../domain/verdict.ts';
import { clockTime, lengthOf, list, quantity, requestWords } from '../domain/wording.ts';

export interface TellerOptions {
  /** Takes one whole line with its line break. */
  readonly write: (line: string) => void;
  readonly startedAt: EpochMs;
  readonly now: () => EpochMs;
  /** False for NO_COLOR, and wherever the output is no terminal. */
  readonly color: boolean;
  /** Longest line; 80 where not given. Longer text goes on in the next line, indented, and is cut after the third. */
  readonly columns?: number;
  /** Where incidents can be opened, without a trailing slash. */
  readonly pageUrl?: string;
  /** Minutes east of UTC for times of day. */
  readonly timezoneOffset?: number;
}

export interface Teller {
  readonly listener: Partial<Events>;
  /** A line of somebody else in the same voice: `demo`, `next`. */
  say(word: string, text: string): void;
}

const COLOR: Partial<Record<string, number>> = {
  critical: 31,
  failed: 31,
  warning: 33,
  unknown: 90,
  ok: 32,
  resolved: 32,
  released: 36,
  held: 35,
  withheld: 90,
  demo: 34,
};

/** Tells what happens as lines `MM:SS  word  text` for people at a terminal. Words carry the meaning; colour only helps. */
export function createTeller(options: TellerOptions): Teller {
  const { write, now, startedAt, color, columns = 80 } = options;
  const say: Say = (word, text) => {
    const elapsed = Math.max(0, Math.floor((now() - startedAt) / 1_000));
    const two = (value: number): string => String(value).padStart(2, '0');
    const head = `${two(Math.floor(elapsed / 60))}:${two(elapsed % 60)}  `;
    const indent = head.length + 10;
    const padded = word.padEnd(8);
    const shown = color && COLOR[word] !== undefined ? `\u001b[${COLOR[word]}m${padded}\u001b[0m` : padded;
    const lines = wrap(oneLine(text), Math.max(10, columns - indent));
    for (const [at, line] of lines.entries()) write(`${at === 0 ? `${head}${shown}  ` : ' '.repeat(indent)}${line}\n`);
  };
  return { say, listener: { ...stageLines(say, options), ...gateLines(say, options), ...lifeLines(say) } };
}

type Say = (word: string, text: string) => void;

const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trim();

const LINES = 3;

/** Breaks at spaces where it can; runs of spaces inside a line are kept. */
function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let rest = [...text];
  while (rest.length > room && lines.length < LINES - 1) {
    const space = rest.lastIndexOf(' ', room);
    const end = space > room / 3 ? space : room;
    lines.push(rest.slice(0, end).join('').trimEnd());
    rest = [...rest.slice(end).join('').trimStart()];
  }
  return [...lines, rest.length > room ? `${rest.slice(0, room - 1).join('')}…` : rest.join('')];
}

/** Names in a column of their own, so that lines can be read downwards. */
const named = (stage: StageId, text: string): string => `${titleOf(stage).padEnd(7)} ${text}`;

function stageLines(say: Say, { pageUrl }: TellerOptions): Partial<Events> {
  return {
    judged({ verdict, previous, snapshot }) {
      const before: Severity = previous?.state ?? 'ok';
      if (previous === undefined ? verdict.state === 'ok' || verdict.state === 'unknown' : before === verdict.state)
        return;
      const lead = verdict.because[0];
      if (verdict.state === 'unknown')
        return say('unknown', named(verdict.stage, snapshot.gaps[0]?.message ?? 'no answer'));
      if (verdict.state === 'ok') return say('ok', named(verdict.stage, wellAgain(previous)));
      say(verdict.state, named(verdict.stage, lead ? scoreText(lead, verdict.at) : 'is not normal'));
    },
    standingChanged({ subject, detector, demotion }) {
      const what = demotion ? demotionWords(demotion) : 'may page again';
      say('budget', named(stageOfSubject(subject), `${partOfSubject(subject)}: ${detector} ${what}`));
    },
    incidentChanged({ incident, change }) {
      if (change.kind === 'opened') return say(incident.severity, rootText(incident));
      if (change.kind === 'root-moved')
        return say('warning', named(incident.root, `is the root now, not ${titleOf(change.from)}`));
      if (change.kind === 'cause-named') return say('warning', named(incident.root, `cause: ${incident.cause}`));
      if (change.kind !== 'resolved') return;
      say('resolved', named(incident.root, resolvedText(incident)));
      if (pageUrl !== undefined) say('page', `${pageUrl}/#/incidents/${incident.id}`);
    },
  };
}

/** From what a stage has come to be ok. */
function wellAgain(previous: Verdict | undefined): string {
  if (previous?.state !== 'unknown') return 'is normal again';
  return previous.warming.length > 0 ? 'has been learned; from now on it is scored' : 'answers again';
}

/** "lag_seconds 9.8 s, usually 0.2 to 1.1 s  (score 1.8)" */
const scoreText = (score: Score, at: EpochMs): string =>
  `${factOf(score, at).text}${score.state === 'ready' ? `  (score ${quantity(score.value, 'count')})` : ''}`;

function rootText(incident: Incident): string {
  const others = incident.affected.filter((stage) => stage !== incident.root).map(titleOf);
  const felt = others.length === 0 ? '' : `; ${list(others)} ${others.length === 1 ? 'feels' : 'feel'} it`;
  return named(incident.root, `incident #${incident.id}, root${felt}`);
}

function resolvedText({ id, openedAt, resolvedAt = openedAt, resolution }: Incident): string {
  const how = resolution === 'accepted' ? ', accepted as the new normal' : '';
  return `incident #${id} after ${lengthOf(resolvedAt - openedAt)}${how}`;
}

function gateLines(say: Say, { now, timezoneOffset }: TellerOptions): Partial<Events> {
  const told = new Map<string, Lease['state']>();
  const lastNo = new Map<string, string>();
  const leaseText = (lease: Lease): string => {
    if (lease.state === 'failed') return `could not be ${requestWords(lease.request)}: ${lease.error ?? 'no answer'}`;
    if (lease.state === 'released') {
      const held = lengthOf((lease.releasedAt ?? now()) - lease.grantedAt);
      return `${lease.why === undefined ? 'opened' : releaseWords(lease.why, lease.request.kind)}; held for ${held}`;
    }
    return `${requestWords(lease.request)} until ${clockTime(lease.expiresAt, now(), timezoneOffset)}, because ${lease.because}`;
  };
  return {
    leaseChanged({ lease }) {
      const word =
        lease.state === 'active'
          ? 'held'
          : lease.state === 'released' || lease.state === 'failed'
            ? lease.state
            : undefined;
      if (word === undefined || told.get(lease.id) === lease.state) return;
      if (lease.state === 'released') told.delete(lease.id);
      else told.set(lease.id, lease.state);
      say(word, named(lease.stage, leaseText(lease)));
    },
    decided({ decision }) {
      const key = `${decision.policy} ${decision.stage}`;
      if (decision.kind !== 'withhold') return void lastNo.delete(key);
      if (lastNo.get(key) === decision.reason) return;
      lastNo.set(key, decision.reason);
      say('withheld', named(decision.stage, withheldText(decision)));
    },
    notified({ notifier, notice, error, gaveUp }) {
      if (error === undefined) say('notice', `${notice.change} sent to ${notifier}: ${notice.story.headline}`);
      else if (gaveUp) say('failed', `notice to ${notifier} given up: ${error.message}`);
    },
  };
}

const withheldText = (decision: Decision): string => {
  const what = decision.request ? requestWords(decision.request) : 'no action';
  return `not ${what}: ${withholdWords(decision.reason as WithholdReason)} (${decision.policy})`;
};

function lifeLines(say: Say): Partial<Events> {
  return {
    lifecycle({ phase, message }) {
      if (phase === 'ready') say('ready', message);
      if (phase === 'stopping') say('stopping', message);
    },
    configLoaded: ({ ok, message }) => (ok ? undefined : say('config', `refused, the old one stays: ${message}`)),
    storeDegraded: ({ degraded, message }) =>
      say('store', degraded ? `fails, going on without it: ${message}` : 'works again'),
    relearning: ({ detector, why, stages, stage }) =>
      say(
        'learning',
        `${titleOf(stage)}${stages > 1 ? ` and ${stages - 1} more` : ''}: ${detector} ${relearningWords(why)}`,
      ),
    failed: ({ what, error }) => say('failed', `${what}: ${error.message}`),
  };
}
