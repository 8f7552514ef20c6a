import type { z } from 'zod';
import type { Declaration, Registry } from '../kit/component.ts';
import { SourceCommon } from './components.ts';
import { placedExample } from './example.ts';
import { jsonSchema, type SchemaNode, schemaOf } from './json-schema.ts';
import { table } from './reference-table.ts';

type RoomName = Parameters<typeof placedExample>[0];

const singular = (key: keyof Registry): RoomName => key.slice(0, -1) as RoomName;

const FOLDER = 'docs/reference';
const MADE = '<!-- Made by `headgate docs` from the declarations in the code; edit those. -->';

interface Room {
  readonly key: keyof Registry;
  readonly title: string;
  readonly intro: string;
}

const ROOMS: readonly Room[] = [
  {
    key: 'sources',
    title: 'Sources',
    intro: `A source is one connection to a watched system; a probe says what to read there for one stage. Write a source under
\`sources\` and refer to it by name (\`{ source: NAME, … }\`), or write it in place as a probe (\`{ type: TYPE, … }\`) with the keys
of both tables. Probes written in place that connect alike share one connection.`,
  },
  {
    key: 'detectors',
    title: 'Detectors',
    intro: `\`limits\` and \`baseline\` run on every stage unless its \`detectors\` says otherwise:
\`detectors: { baseline: false }\` switches one off, \`detectors: { TYPE: { … } }\` sets options or adds one.`,
  },
  {
    key: 'actuators',
    title: 'Actuators',
    intro: `An actuator moves gates. Write it under \`actuators\` by name and let a policy use it in \`may\`. Nothing is moved by a
policy whose \`mode\` is not \`enforce\`.`,
  },
  {
    key: 'notifiers',
    title: 'Notifiers',
    intro: 'A notifier tells a person or a program. Write it under `notifiers` by name and lead `routes` to it.',
  },
  {
    key: 'stores',
    title: 'Stores',
    intro:
      'A store keeps what the daemon must not forget. `store` has one key, the type, with its options; text stands for the one option that matters, `true` for none.',
  },
];

/** The reference pages by their path from the root of the repository, made from the declarations alone. */
export function renderReference(registry: Registry): Map<string, string> {
  const pages = ROOMS.map((room): [string, string] => [`${FOLDER}/${room.key}.md`, roomPage(room, registry)]);
  return new Map([[`${FOLDER}/config.md`, configPage(registry)], ...pages]);
}

function roomPage({ key, title, intro }: Room, registry: Registry): string {
  const components: readonly Declaration<z.ZodType>[] = registry[key];
  const list = components.map(
    ({ type, stability, summary }) => `| [\`${type}\`](#${type}) | ${summary} | ${stability} |`,
  );
  const index = ['| type | what it does | |', '|---|---|---|', ...list].join('\n');
  const common = key === 'sources' ? [`## Keys of every source under \`sources\`\n\n${keys(SourceCommon)}`] : [];
  return page([`# ${title}`, intro, index, ...common, ...components.map((one) => component(singular(key), one))]);
}

function component(room: RoomName, of: Declaration<z.ZodType> & { readonly probe?: z.ZodType }): string {
  const facts = [`**${of.stability}** · ${of.summary}`, ...abilities(of)].join('\n\n');
  const tables =
    of.probe === undefined
      ? [keys(of.config)]
      : [`### How to connect\n\n${keys(of.config)}`, `### What to read\n\n${keys(of.probe)}`];
  const examples = of.examples.map(
    ({ title, yaml }) => `${title}:\n\n\`\`\`yaml\n${placedExample(room, yaml)}\n\`\`\``,
  );
  return [`## ${of.type}`, facts, of.description.trim(), ...tables, ...examples].join('\n\n');
}

/** What an actuator can do and undo; nothing for other components. */
function abilities(of: object): string[] {
  if (!('kinds' in of && Array.isArray(of.kinds) && 'reversibility' in of)) return [];
  return [`Can ${of.kinds.join(', ')}. Reversibility: ${String(of.reversibility)}.`];
}

function keys(schema: z.ZodType): string {
  const definitions: Record<string, SchemaNode> = {};
  return table(schemaOf(schema, 'x', definitions), definitions) || 'No keys.';
}

function configPage(registry: Registry): string {
  const { $defs = {}, ...root } = jsonSchema(registry);
  const sections = Object.entries(root.properties ?? {}).map(([name, node]) => {
    const link = ROOMS.some(({ key }) => key === name || key === `${name}s`) ? SEE(name) : '';
    const about = `${node.description ?? ''}${link}`;
    return [`## ${name}`, about, table(node, $defs, name)].filter((part) => part !== '').join('\n\n');
  });
  return page(['# Config file', INTRO, ...sections]);
}

const SEE = (section: string): string => {
  const page = section === 'store' ? 'stores' : section;
  return ` See [${page}](${page}.md).`;
};

const INTRO = `One YAML file. \`headgate check FILE\` prints every problem with its line; \`headgate schema\` prints the JSON Schema for
editors (\`# yaml-language-server: $schema=./headgate.schema.json\` as the first line).

- Durations are written with their unit: \`250ms\`, \`15s\`, \`1h30m\`, \`7d\`. Rates: \`100/s\`, \`5/m\`. Frequencies: \`1 per week\`.
- Bounds are numbers in the unit of the signal; for \`_seconds\` also durations (\`2m\`), for \`_per_second\` rates (\`100/s\`), for
  \`_ratio\` percentages (\`5%\`).
- \`\${NAME}\` and \`\${NAME:-default}\` take environment variables, in values only and after the file was parsed; \`$\${\` is a plain
  \`\${\`. Where a number or true/false is wanted the text is read as one.
- Secrets are best kept in files: every secret \`name\` has a twin \`name_file\`, read at each use. Paths of \`*_file\` keys start at the
  folder of the config file. Secrets are never printed.
- Anchors, aliases and merge keys (\`<<\`) work.
- Blocks of components have \`type\` and the keys of that type: see [sources](sources.md), [detectors](detectors.md),
  [actuators](actuators.md), [notifiers](notifiers.md), [stores](stores.md).
- A key in **bold** must be written.`;

const page = (parts: readonly string[]): string => `${[MADE, ...parts].join('\n\n')}\n`;
