import type { Config, DiscoveryConfig } from '../config/config.ts';
import { describingReload, formatReload } from '../config/reload.ts';
import { HeadgateError } from '../domain/error.ts';
import { inSlices } from '../kit/breath.ts';
import { type Environment, readText } from './config-file.ts';
import { parseConfigWhileRunning } from './config-thread.ts';
import type { Ask, Discovery } from './discovery.ts';
import {
  closeUnused,
  closeUnusedSources,
  type MadeWorld,
  makeWorld,
  type OpenSources,
  openSources,
  type Surroundings,
} from './world.ts';

export interface InForceParts {
  readonly file: string;
  readonly env: Environment;
  readonly around: Surroundings;
  readonly discovery: Discovery;
}

/** A config and what was made of it. */
interface Standing {
  readonly text: string;
  readonly config: Config;
  readonly made: MadeWorld;
}

/** What puts a new world in the place of the old one. */
export type TakeOver = (next: MadeWorld, config: Config) => Promise<void>;

/** The config that is in force, from its text and from what was discovered; and everything that was made of it. */
export class InForce {
  readonly #parts: InForceParts;
  #now: Standing;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(parts: InForceParts, now: Standing) {
    this.#parts = parts;
    this.#now = now;
  }

  /** @param read the file, as it was read to get this far. */
  static async start(parts: InForceParts, read: { readonly config: Config; readonly text: string }): Promise<InForce> {
    return new InForce(parts, await stand(parts, read.text, read.config));
  }

  get config(): Config {
    return this.#now.config;
  }
  get text(): string {
    return this.#now.text;
  }
  get made(): MadeWorld {
    return this.#now.made;
  }

  /**
   * Reads the file again; the answer says what that has changed.
   *
   * @throws HeadgateError where it is wrong; then everything stays as it is.
   */
  reload(takeOver: TakeOver): Promise<string> {
    const { file, env } = this.#parts;
    return this.#inTurn(async () => {
      const text = readText(file);
      const config = await parseConfigWhileRunning(text, file, env);
      return this.#change(await stand(this.#parts, text, config, this.#now.made), takeOver);
    });
  }

  /** Takes in what has been discovered since; the text stays. */
  rediscover(takeOver: TakeOver): Promise<string> {
    return this.#inTurn(async () => {
      const { text, config, made } = this.#now;
      return this.#change(await unfolded(this.#parts, text, config, made), takeOver);
    });
  }

  /** Resolves once nothing is being taken in any more. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  /** What a person should know of what was discovered, and what was not. */
  troubles(): readonly string[] {
    const left = this.config.discoveries.flatMap(({ pipeline, leftOut }) =>
      leftOut.map((why) => `pipeline ${pipeline}: ${why}; it is not watched`),
    );
    return [...this.#parts.discovery.troubles(), ...left];
  }

  /** Asks what is there now, of the source that is open. */
  readonly ask: Ask = (discovery, abort) => askOf(this.#now.made.sources)(discovery, abort);

  async #change(next: Standing, takeOver: TakeOver): Promise<string> {
    const { config, made } = this.#now;
    await takeOver(next.made, next.config);
    this.#now = next;
    await closeUnused(made, next.made);
    return formatReload(await inSlices(describingReload(config, next.config)));
  }

  /** A file that changes while a topic comes must not meet it halfway. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** @param checked the config with something in the place of what is to be discovered */
async function stand(parts: InForceParts, text: string, checked: Config, before?: MadeWorld): Promise<Standing> {
  const { around, discovery } = parts;
  const { discoveries, sources } = checked;
  if (discoveries.length === 0)
    return { text, config: checked, made: makeWorld(checked, aroundOf(checked, around), before) };
  const asked = new Set(discoveries.map(({ source }) => source));
  const open = openSources(new Map([...sources].filter(([name]) => asked.has(name))), around, before?.sources);
  await discovery.prepare(discoveries, askOf(open));
  try {
    const known = before ? { ...before, sources: new Map([...before.sources, ...open]) } : undefined;
    return await unfolded(parts, text, checked, known ?? { ...NOTHING, sources: open });
  } catch (thrown) {
    await closeUnusedSources(open, before?.sources);
    throw thrown;
  }
}

/** Notices link to where the page is by this config. */
const aroundOf = ({ server }: Config, around: Surroundings): Surroundings => ({ ...around, pageUrl: server.pageUrl });

const NOTHING: Pick<MadeWorld, 'actuators' | 'notifiers'> = { actuators: new Map(), notifiers: new Map() };

async function unfolded(
  { file, env, around, discovery }: InForceParts,
  text: string,
  { discoveries }: Config,
  before: Parameters<typeof makeWorld>[2],
): Promise<Standing> {
  const known = discovery.known();
  const values = new Map(discoveries.map(({ pipeline }) => [pipeline, known.get(pipeline) ?? []]));
  const config = await parseConfigWhileRunning(text, file, env, values);
  return { text, config, made: makeWorld(config, aroundOf(config, around), before) };
}

const askOf =
  (sources: OpenSources): Ask =>
  (discovery: DiscoveryConfig, abort) => {
    const open = sources.get(discovery.source)?.thing;
    const list = open?.source.discover?.bind(open.source);
    if (!open || !list)
      throw new HeadgateError('bad-config', `source ${discovery.source} cannot list ${discovery.kind}`);
    return open.limits.run((inner) => list(discovery.kind, discovery.pattern, inner), abort);
  };
