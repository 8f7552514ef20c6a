import { parseArgs } from 'node:util';
import type { CommandIo } from './command.ts';
import { CLIENT_OPTIONS, CLIENT_USAGE, daemonClient } from './daemon-client.ts';

export const summary = 'Tells the story of an incident: what was wrong, why this is the root, what was done and why.';
export const usage = `headgate explain INCIDENT

${CLIENT_USAGE}`;

interface ToldIncident {
  readonly id: string;
  readonly root: string;
  readonly affected: readonly string[];
  readonly severity: string;
  readonly cause: string;
  readonly state: string;
  readonly openedAt: string;
  readonly resolvedAt?: string;
  readonly resolution?: string;
  readonly because: readonly {
    readonly subject: string;
    readonly detector: string;
    readonly score: number;
    readonly share: number | null;
    readonly votes: readonly { readonly vote: string; readonly surprise: number }[];
    readonly text: string;
  }[];
  readonly story: {
    readonly headline: string;
    readonly wrong: string;
    readonly also: string;
    readonly done: string;
    readonly next: string;
  };
  readonly notes: readonly { readonly at: string; readonly by: string; readonly text: string }[];
}

interface ToldDecision {
  readonly at: string;
  readonly policy: string;
  readonly stage: string;
  readonly kind: string;
  readonly reason: string;
  readonly incident?: string;
  readonly because: string;
}

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: CLIENT_OPTIONS });
  const [id] = positionals;
  if (id === undefined) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const daemon = daemonClient(values, io.env);
  const incident = await daemon.get<ToldIncident>(`/api/v1/incidents/${encodeURIComponent(id)}`);
  const decisions = (await daemon.get<ToldDecision[]>('/api/v1/decisions?limit=1000'))
    .filter((one) => one.incident === id)
    .reverse();
  io.stdout.write(
    values.format === 'json' ? `${JSON.stringify({ incident, decisions })}\n` : tell(incident, decisions),
  );
  return 0;
}

function tell(incident: ToldIncident, decisions: readonly ToldDecision[]): string {
  const { story } = incident;
  const ended = incident.resolvedAt ? `, ${incident.resolution} ${incident.resolvedAt}` : '';
  const lines = [
    `#${incident.id} ${story.headline}`,
    `${incident.severity}, ${incident.state}, cause ${incident.cause}; opened ${incident.openedAt}${ended}`,
    '',
    `Wrong  ${story.wrong}`,
    ...(story.also ? [`Also   ${story.also}`] : []),
    ...(story.done ? [`Done   ${story.done}`] : []),
    ...(story.next ? [`Next   ${story.next}`] : []),
    '',
    `Root   ${incident.root}; affected ${incident.affected.join(', ')}`,
    '',
    'Votes  score 1 is the line of a page; p is that of the one test',
    ...incident.because.flatMap(votesOf),
    '',
    'Decisions',
    ...decisions.map(
      (one) =>
        `  ${one.at}  ${one.kind.padEnd(8)} ${one.reason.padEnd(18)} ${one.policy} at ${one.stage}: ${one.because}`,
    ),
    ...incident.notes.map((note) => `  ${note.at}  note     ${note.by}: ${note.text}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** What each detector said of one subject, and the tests behind it, most surprising first. */
function votesOf(fact: ToldIncident['because'][number]): readonly string[] {
  const share = fact.share === null ? '' : `; ${Math.round(100 * fact.share)} % of the surprise`;
  return [
    `${fact.score.toFixed(1).padStart(7)}  ${fact.detector.padEnd(16)} ${fact.text}${share}`,
    ...fact.votes.map(({ vote, surprise }) => `         ${vote.padEnd(16)} p ${probability(surprise)}`),
  ];
}

const probability = (surprise: number): string => Number(Math.exp(-surprise).toPrecision(1)).toString();
