import { parseArgs } from 'node:util';
import { HeadgateError } from '../domain/error.ts';
import type { CommandIo } from './command.ts';
import { CLIENT_OPTIONS, CLIENT_USAGE, type DaemonClient, daemonClient } from './daemon-client.ts';

export const summary = 'Tells the story of an incident: what was wrong, why this is the root, what was done and why.';
export const usage = `headgate explain INCIDENT    its number in a notice, on the page or at the console, such as 4127

Times are UTC. Votes are the tests behind a score; a limit has none.

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
  const incident = await daemon
    .get<ToldIncident>(`/api/v1/incidents/${encodeURIComponent(id.replace(/^#/, ''))}`)
    .catch((thrown) => notThere(daemon, thrown));
  const decisions = (await daemon.get<ToldDecision[]>('/api/v1/decisions?limit=1000'))
    .filter((one) => one.incident === incident.id)
    .reverse();
  io.stdout.write(
    values.format === 'json' ? `${JSON.stringify({ incident, decisions })}\n` : tell(incident, decisions),
  );
  return 0;
}

/** Who does not know the number is told which there are. */
async function notThere(daemon: DaemonClient, thrown: unknown): Promise<never> {
  if (!(thrown instanceof HeadgateError) || !/^there is no incident/.test(thrown.message)) throw thrown;
  const newest = await daemon.get<readonly ToldIncident[]>('/api/v1/incidents?limit=5');
  const others = newest.map(({ id, story }) => `#${id} ${story.headline}`).join(', ');
  const hint = others === '' ? 'there was none yet' : `the newest: ${others}`;
  throw new HeadgateError('not-found', `${thrown.message}; ${hint}`, { cause: thrown });
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
    ...fact.votes.map(({ vote, surprise }) => `         ${vote.padEnd(20)} p ${probability(surprise)}`),
  ];
}

const probability = (surprise: number): string => Number(Math.exp(-surprise).toPrecision(1)).toString();
