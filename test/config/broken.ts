/** One config with something wrong in it, and every line that `headgate check` says of it. */
export interface Broken {
  readonly says: string;
  readonly yaml: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/** Checked with the fixture registry, as the file hg.yaml. */
export const BROKEN: readonly Broken[] = [
  {
    says: 'a tab as indentation',
    yaml: `pipelines:
\tp: {}
`,
    problems: ['2:1 a tab is used for indentation; YAML wants spaces'],
  },
  {
    says: 'a bracket that is never closed',
    yaml: `pipelines: { p: { stages: { s: { after: [a, b } } } }
`,
    problems: [
      '1:47 this is not YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  },
  {
    says: 'text after a value, without quoting what may be a secret',
    yaml: `notifiers:
  n: { type: bell, key: "hunter2" hunter3 }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['2:35 this is not YAML: unexpected scalar at node end'],
  },
  {
    says: 'a variable in a flow block without quotes',
    yaml: `server: { listen: \${LISTEN} }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:20 this is not YAML: unexpected flow-map-start at node end; text with { in it wants quotes here'],
  },
  {
    says: 'a key that stands twice',
    yaml: `log: { level: info }
pipelines: { p: { stages: { s: {} } } }
log: { level: warn }
`,
    problems: ['3:1 the same key stands twice; the second would hide the first'],
  },
  {
    says: 'a key that stands twice, and a mistake besides',
    yaml: `log: { level: info, level: loud }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: [
      '1:8 log.level: want one of trace, debug, info, warn, error, silent',
      '1:21 the same key stands twice; the second would hide the first',
    ],
  },
  {
    says: 'an alias without its anchor',
    yaml: `server: *base
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:9 no anchor &base stands before this alias'],
  },
  {
    says: 'an alias bomb',
    yaml: `a: &a [x,x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:1 aliases (*name) multiply the file beyond reason'],
  },
  {
    says: 'a key that is a list',
    yaml: `? [a, b]
: 1
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:3 a key must be plain text'],
  },
  {
    says: 'a key named __proto__',
    yaml: `log: { __proto__: { level: warn } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:8 a key cannot be named __proto__'],
  },
  {
    says: 'a file that is a list',
    yaml: `- pipelines
`,
    problems: ['1:1 want a block of keys, got a list'],
  },
  {
    says: 'an empty file',
    yaml: '',
    problems: ['1:1 pipelines: is missing; want a block of keys'],
  },
  {
    says: 'a variable that is not set',
    yaml: `server: { listen: "\${LISTEN}" }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: [`1:19 environment variable LISTEN is not set; set it, or write \${LISTEN:-default}`],
  },
  {
    says: 'a variable without a name',
    yaml: `server: { listen: "\${}" }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: [`1:19 want \${NAME} or \${NAME:-default}; write $\${ for a plain \${`],
  },
  {
    says: 'a variable whose text is no number',
    yaml: `sources: { q: { type: queue, host: h, port: "\${PORT}" } }
pipelines: { p: { stages: { s: { probes: [{ source: q, topic: t }] } } } }
`,
    env: { PORT: 'nine' },
    problems: ['1:39 sources.q.port: want a number, got text'],
  },
  {
    says: 'the text of a variable where a message would quote it',
    yaml: `sources: { q: { type: queue, host: h, timeout: "\${CANARY}" } }
pipelines: { p: { stages: { s: { probes: [{ source: q, topic: t }] } } } }
`,
    env: { CANARY: 'tweet-tweet' },
    problems: [`1:39 sources.q.timeout: want a duration such as 15s, 5m or 1h30m, got "\${CANARY}"`],
  },
  {
    says: 'an unknown key at the root',
    yaml: `pipeline: {}
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:1 pipeline: unknown key (did you mean pipelines?)'],
  },
  {
    says: 'an address without a port',
    yaml: `server: { listen: localhost }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:11 server.listen: want host:port such as 127.0.0.1:9464'],
  },
  {
    says: 'a port that is too large',
    yaml: `server: { listen: "127.0.0.1:70000" }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:11 server.listen: want host:port such as 127.0.0.1:9464'],
  },
  {
    says: 'a list where text is wanted',
    yaml: `server: { listen: [a] }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:11 server.listen: want text, got a list'],
  },
  {
    says: 'an unknown store',
    yaml: `store: { sqllite: x.db }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:10 store.sqllite: unknown store type "sqllite" (did you mean sqlite?)'],
  },
  {
    says: 'two stores',
    yaml: `store: { sqlite: x.db, memory: true }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:1 store: want exactly one of sqlite, memory'],
  },
  {
    says: 'a store with a wrong option',
    yaml: `store: { sqlite: { path: x.db, readonly: true } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:32 store.sqlite.readonly: unknown key (did you mean read_only?)'],
  },
  {
    says: 'a secret given twice',
    yaml: `server: { token: a, token_file: /dev/null }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:21 server.token_file: stands beside token; write one of them'],
  },
  {
    says: 'a file that is missing',
    yaml: `server: { token_file: /no/such/file }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:11 server.token_file: file /no/such/file does not exist'],
  },
  {
    says: 'a level nobody knows',
    yaml: `log: { level: verbose }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:8 log.level: want one of trace, debug, info, warn, error, silent'],
  },
  {
    says: 'a share above one',
    yaml: `tracing: { sample: 2 }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:12 tracing.sample: want at most 1'],
  },
  {
    says: 'a retention that ends before it begins',
    yaml: `retention: { raw: 10s }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:14 retention.raw: want from 1m to 3660d'],
  },
  {
    says: 'a day that no calendar has',
    yaml: `calendars: { holidays: [2026-12-25, 2026-02-30] }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:37 calendars.holidays[1]: want a day of the calendar as YYYY-MM-DD'],
  },
  {
    says: 'a time zone nobody lives in',
    yaml: `calendars: { timezone: Europe/Berln }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:14 calendars.timezone: want a time zone of the IANA database such as Europe/Berlin'],
  },
  {
    says: 'a cron expression with an hour of 25',
    yaml: `maintenance: [{ cron: "0 25 * * *", duration: 1h }]
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:17 maintenance[0].cron: want a cron expression with five fields such as 0 2 * * 6'],
  },
  {
    says: 'a maintenance window over an unknown stage',
    yaml: `maintenance: [{ cron: "0 2 * * *", duration: 1h, stages: [p.t], pipelines: [q] }]
pipelines: { p: { stages: { s: {} } } }
`,
    problems: [
      '1:59 maintenance[0].stages[0]: unknown stage "p.t" (did you mean p.s?)',
      '1:77 maintenance[0].pipelines[0]: unknown pipeline "q" (known: p)',
    ],
  },
  {
    says: 'hours of retraining for an unknown pipeline',
    yaml: `retraining: [{ cron: "0 3 * * *", pipelines: [q] }]
pipelines: { p: { stages: { s: {} } } }`,
    problems: ['1:47 retraining[0].pipelines[0]: unknown pipeline "q" (known: p)'],
  },
  {
    says: 'two maintenance windows of one name',
    yaml: `maintenance:
  - { name: a, cron: "0 2 * * *", duration: 1h }
  - { name: a, cron: "0 3 * * *", duration: 1h }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['3:7 maintenance[1].name: a second window named "a"'],
  },
  {
    says: 'a source without a type',
    yaml: `sources: { q: { host: h } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:12 sources.q.type: is missing; want one of queue, page'],
  },
  {
    says: 'a source of an unknown type',
    yaml: `sources: { q: { type: queu, host: h } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:17 sources.q.type: unknown source type "queu" (did you mean queue?)'],
  },
  {
    says: 'a source with a missing, a misspelled and a wrong key at once',
    yaml: `sources:
  q:
    type: queue
    hots: h
    port: many
    timeout: 5 minutes
    tls: perhaps
pipelines: { p: { stages: { s: {} } } }
`,
    problems: [
      '2:3 sources.q.host: is missing; want text',
      '4:5 sources.q.hots: unknown key (did you mean host?)',
      '5:5 sources.q.port: want a number, got text',
      '6:5 sources.q.timeout: want a duration such as 15s, 5m or 1h30m, got "5 minutes"',
      '7:5 sources.q.tls: want true or false, got text',
    ],
  },
  {
    says: 'a number outside its range',
    yaml: `sources: { q: { type: queue, host: h, port: 70000 } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:39 sources.q.port: want at most 65535'],
  },
  {
    says: 'a source with too little concurrency',
    yaml: `sources: { q: { type: queue, host: h, concurrency: 0 } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:39 sources.q.concurrency: want at least 1'],
  },
  {
    says: 'a name with a dot',
    yaml: `sources: { a.b: { type: queue, host: h } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: [
      '1:12 sources.a.b: a name has letters, digits, - and _, begins with a letter or digit, and has at most 64',
    ],
  },
  {
    says: 'another type under the name of the built-in valve',
    yaml: `actuators: { valve: { type: crane, url: "http://x" } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:14 actuators.valve: the name valve belongs to the built-in valve; choose another'],
  },
  {
    says: 'a password in an address',
    yaml: `notifiers: { n: { type: bell, url: "http://me:hunter2@host/" } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: [
      '1:31 notifiers.n.url: has a password in its address, which is shown in logs; use the keys for credentials',
    ],
  },
  {
    says: 'a component that is text',
    yaml: `notifiers: { n: bell }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: ['1:14 notifiers.n: want a block of keys, got text'],
  },
  {
    says: 'a detector that is unknown, and one with a wrong option',
    yaml: `pipelines: { p: { stages: { s: { detectors: { baselin: {}, forest: { trees: 0.5 } } } } } }
`,
    problems: [
      '1:47 pipelines.p.stages.s.detectors.baselin: unknown detector type "baselin" (did you mean baseline?)',
      '1:70 pipelines.p.stages.s.detectors.forest.trees: want a whole number',
    ],
  },
  {
    says: 'a route to nobody',
    yaml: `routes: [{ severity: critical, to: [oncal] }, { to: [] }]
notifiers: { oncall: { type: bell, url: "http://x" } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: [
      '1:37 routes[0].to[0]: unknown notifier "oncal" (did you mean oncall?)',
      '1:49 routes[1].to: want at least 1 entry',
    ],
  },
  {
    says: 'a route with a severity, a pipeline and a stage that do not exist',
    yaml: `routes: [{ severity: high, pipeline: q, stage: p.t, to: [n] }]
notifiers: { n: { type: bell, url: "http://x" } }
pipelines: { p: { stages: { s: {} } } }
`,
    problems: [
      '1:12 routes[0].severity: want one of critical, warning, info',
      '1:28 routes[0].pipeline: unknown pipeline "q" (known: p)',
      '1:41 routes[0].stage: unknown stage "p.t" (did you mean p.s?)',
    ],
  },
  {
    says: 'no pipelines',
    yaml: `pipelines: {}
`,
    problems: ['1:1 pipelines: names no pipeline; there is nothing to watch'],
  },
  {
    says: 'a pipeline without stages',
    yaml: `pipelines: { p: { stages: {} } }
`,
    problems: ['1:19 pipelines.p.stages: names no stage'],
  },
  {
    says: 'a pipeline that does not say its stages',
    yaml: `pipelines: { p: { every: 10s } }
`,
    problems: ['1:14 pipelines.p.stages: is missing; want a block of keys'],
  },
  {
    says: 'a stage with a name that cannot be told apart in an id',
    yaml: `pipelines: { p: { stages: { a.b: {} } } }
`,
    problems: [
      '1:29 pipelines.p.stages.a.b: a name has letters, digits, - and _, begins with a letter or digit, and has at most 64',
    ],
  },
  {
    says: 'a misspelled key of a stage',
    yaml: `pipelines: { p: { stages: { s: { evrey: 10s } } } }
`,
    problems: ['1:34 pipelines.p.stages.s.evrey: unknown key (did you mean every?)'],
  },
  {
    says: 'a look too often, and one too seldom',
    yaml: `pipelines: { p: { stages: { s: { every: 100ms }, t: { every: 2d } } } }
`,
    problems: [
      '1:34 pipelines.p.stages.s.every: want from 1s to 1d',
      '1:55 pipelines.p.stages.t.every: want from 1s to 1d',
    ],
  },
  {
    says: 'a duration without its unit',
    yaml: `pipelines: { p: { every: 10, stages: { s: { every: "10" } } } }
`,
    problems: [
      '1:19 pipelines.p.every: want text such as 15s, got a number',
      '1:45 pipelines.p.stages.s.every: want a duration such as 15s, 5m or 1h30m, got "10"',
    ],
  },
  {
    says: 'a season shorter than four looks',
    yaml: `pipelines: { p: { season: [1m], every: 20s, stages: { s: {} } } }
`,
    problems: [
      '1:55 pipelines.p.stages.s.every: a season of 1m is too short for a look every 20s; look more often, or set season: []',
    ],
  },
  {
    says: 'budgets that are none',
    yaml: `pipelines: { p: { budget: { pages: 1/week, tickets: 0 per day }, stages: { s: {} } } }
`,
    problems: [
      '1:29 pipelines.p.budget.pages: want a frequency above zero such as 1 per week, 1 per day or 2 per month',
      '1:44 pipelines.p.budget.tickets: want a frequency above zero such as 1 per week, 1 per day or 2 per month',
    ],
  },
  {
    says: 'a feeder that does not exist',
    yaml: `pipelines: { p: { stages: { ingest: {}, enrich: { after: [ingst] } } } }
`,
    problems: ['1:59 pipelines.p.stages.enrich.after[0]: unknown stage "ingst" in pipeline p (did you mean ingest?)'],
  },
  {
    says: 'a feeder of another pipeline',
    yaml: `pipelines: { p: { stages: { a: {} } }, q: { stages: { b: { after: [p.a] } } } }
`,
    problems: [
      "1:68 pipelines.q.stages.b.after[0]: names a stage of another pipeline; after wants stages of q, without the pipeline's name",
    ],
  },
  {
    says: 'a stage that feeds itself, and a feeder named twice',
    yaml: `pipelines: { p: { stages: { a: { after: [a] }, b: { after: [a, a] } } } }
`,
    problems: [
      '1:42 pipelines.p.stages.a.after[0]: a stage cannot feed itself',
      '1:64 pipelines.p.stages.b.after[1]: "a" stands twice',
    ],
  },
  {
    says: 'a circle of stages',
    yaml: `pipelines: { p: { stages: { a: { after: [c] }, b: { after: [a] }, c: { after: [b] } } } }
`,
    problems: ['1:34 pipelines.p.stages.a.after: stages feed each other in a circle: p.a → p.b → p.c → p.a'],
  },
  {
    says: 'a probe of an unknown source',
    yaml: `sources: { main: { type: queue, host: h } }
pipelines: { p: { stages: { s: { probes: [{ source: man, topic: t }] } } } }
`,
    problems: ['2:45 pipelines.p.stages.s.probes[0].source: unknown source "man" (did you mean main?)'],
  },
  {
    says: 'a probe that names neither source nor type',
    yaml: `pipelines: { p: { stages: { s: { probes: [{ topic: t }] } } } }
`,
    problems: [
      '1:43 pipelines.p.stages.s.probes[0]: want source: NAME of a source, or type: TYPE to write one in place',
    ],
  },
  {
    says: 'a probe with keys of another type',
    yaml: `sources: { main: { type: queue, host: h } }
pipelines: { p: { stages: { s: { probes: [{ source: main, topic: t, fields: {} }, { source: main, tpoic: t }] } } } }
`,
    problems: [
      '2:69 pipelines.p.stages.s.probes[0].fields: unknown key (known: source, topic, only)',
      '2:83 pipelines.p.stages.s.probes[1].topic: is missing; want text',
      '2:99 pipelines.p.stages.s.probes[1].tpoic: unknown key (did you mean topic?)',
    ],
  },
  {
    says: 'a probe in place with mistakes in both halves',
    yaml: `pipelines: { p: { stages: { s: { probes: [{ type: queue, hots: h, topic: "" }] } } } }
`,
    problems: [
      '1:43 pipelines.p.stages.s.probes[0].host: is missing; want text',
      '1:58 pipelines.p.stages.s.probes[0].hots: unknown key (did you mean host?)',
      '1:67 pipelines.p.stages.s.probes[0].topic: must not be empty',
    ],
  },
  {
    says: 'two probes that give one signal',
    yaml: `sources: { main: { type: queue, host: h } }
pipelines: { p: { stages: { s: { probes: [{ source: main, topic: a }, { source: main, topic: b, only: [lag_records] }] } } } }
`,
    problems: [
      '2:71 pipelines.p.stages.s.probes[1]: gives the signal lag_records, which main#0 gives already; leave it out of one of them',
    ],
  },
  {
    says: 'a derived signal that a probe gives already',
    yaml: `sources: { main: { type: queue, host: h } }
pipelines: { p: { stages: { s: { probes: [{ source: main, topic: a }], derive: { lag_seconds: { rate: lag_records } } } } } }
`,
    problems: ['2:82 pipelines.p.stages.s.derive.lag_seconds: a probe of the stage gives this signal already'],
  },
  {
    says: 'a signal in capitals',
    yaml: `pipelines: { p: { stages: { s: { signals: { LagSeconds: {} } } } } }
`,
    problems: ['1:45 pipelines.p.stages.s.signals.LagSeconds: a signal is named in snake_case, such as lag_seconds'],
  },
  {
    says: 'limits without a bound',
    yaml: `pipelines: { p: { stages: { s: { signals: { rows: { limits: { severity: warning } } } } } } }
`,
    problems: [
      '1:53 pipelines.p.stages.s.signals.rows.limits: names no limit; want above, below, absent: true or zero: true',
    ],
  },
  {
    says: 'bounds in the wrong unit',
    yaml: `pipelines: { p: { stages: { s: { signals: { rows: { limits: { above: 2m } }, lag_seconds: { limits: { above: 100/s } }, error_ratio: { limits: [{ above: high }] }, in_records_per_second: { limits: { below: 5 } , minimum_change: 5s } } } } } }
`,
    problems: [
      '1:63 pipelines.p.stages.s.signals.rows.limits.above: rows is a count: want a number',
      '1:103 pipelines.p.stages.s.signals.lag_seconds.limits.above: lag_seconds is in seconds: want a duration such as 30s or 2m, or a number',
      '1:147 pipelines.p.stages.s.signals.error_ratio.limits[0].above: error_ratio is a ratio: want 5% or 0.05',
      '1:213 pipelines.p.stages.s.signals.in_records_per_second.minimum_change: in_records_per_second is a rate: want 100/s, 5/m or a number',
    ],
  },
  {
    says: 'bounds that are swapped',
    yaml: `pipelines: { p: { stages: { s: { signals: { rows: { limits: { above: 10, below: 20 } } } } } } }
`,
    problems: [
      '1:53 pipelines.p.stages.s.signals.rows.limits: every value is above 10 or below 20; the bounds are swapped',
    ],
  },
  {
    says: 'a derived signal over a stage that does not exist',
    yaml: `pipelines: { p: { stages: { s: { derive: { kept_ratio: { ratio: { of: rows, to: t/rows } } } } } } }
`,
    problems: ['1:77 pipelines.p.stages.s.derive.kept_ratio.ratio.to: unknown stage "t" in pipeline p (known: s)'],
  },
  {
    says: 'a derived signal that is neither rate nor ratio',
    yaml: `pipelines: { p: { stages: { s: { derive: { x: { sum: rows } } } } } }
`,
    problems: [
      '1:44 pipelines.p.stages.s.derive.x.rate: is missing; want text',
      '1:49 pipelines.p.stages.s.derive.x.sum: unknown key (known: rate, ratio)',
    ],
  },
  {
    says: 'a template over topics that no source can list',
    yaml: `sources: { web: { type: page, url: "http://h/" } }
pipelines: { p: { for_each: { topics: "orders-*" }, stages: { "s-{each}": { probes: [{ source: web, fields: {} }] } } } }
`,
    problems: ['2:31 pipelines.p.for_each.topics: no source can list topics; write one of type queue under sources'],
  },
  {
    says: 'a template over topics that two sources can list',
    yaml: `sources: { a: { type: queue, host: h }, b: { type: queue, host: i } }
pipelines: { p: { for_each: { topics: "orders-*" }, stages: { "s-{each}": { probes: [{ source: a, topic: "{each}" }] } } } }
`,
    problems: ['2:31 pipelines.p.for_each.topics: a and b can list topics; say which with source: NAME'],
  },
  {
    says: 'a template over topics of a source that cannot list them, and of one that nobody knows',
    yaml: `sources: { main: { type: queue, host: h }, web: { type: page, url: "http://h/" } }
pipelines:
  p: { for_each: { topics: a, source: web }, stages: { "s-{each}": { probes: [{ source: main, topic: "{each}" }] } } }
  q: { for_each: { topics: a, source: mian }, stages: { "s-{each}": { probes: [{ source: web, fields: {} }] } } }
`,
    problems: [
      '3:31 pipelines.p.for_each.source: a source of type page cannot list topics; want one of type queue',
      '4:31 pipelines.q.for_each.source: unknown source "mian" (did you mean main?)',
    ],
  },
  {
    says: 'a template with a list and a pattern',
    yaml: `sources: { main: { type: queue, host: h } }
pipelines: { p: { for_each: { topics: "orders-*", values: [a] }, stages: { "s-{each}": { probes: [{ source: main, topic: "{each}" }] } } } }
`,
    problems: [
      '2:19 pipelines.p.for_each: want one of values: [a, b, c] and topics: PATTERN, streams: PATTERN, tables: PATTERN',
    ],
  },
  {
    says: 'a mistake in a template over what is to be discovered',
    yaml: `sources: { main: { type: queue, host: h } }
pipelines: { p: { for_each: { topics: "*" }, stages: { "s-{each}": { probes: [{ source: main, tpoic: "{each}" }] } } } }
`,
    problems: [
      '2:79 pipelines.p.stages.s-{each}.probes[0].topic: is missing; want text',
      '2:95 pipelines.p.stages.s-{each}.probes[0].tpoic: unknown key (did you mean topic?)',
    ],
  },
  {
    says: 'a policy that names a stage which may be gone tomorrow',
    yaml: `sources: { main: { type: queue, host: h } }
pipelines: { p: { for_each: { topics: "*" }, stages: { "s-{each}": { probes: [{ source: main, topic: "{each}" }] } } } }
policies: { k: { keep: { stage: p.s-each, lag_seconds: 5 }, may: [{ actuator: valve, stage: p.s-each, kind: pause }] } }
`,
    problems: [
      '3:26 policies.k.keep.stage: unknown stage "p.s-each"',
      '3:86 policies.k.may[0].stage: unknown stage "p.s-each"',
    ],
  },
  {
    says: 'a past that nobody knows',
    yaml: `sources: { main: { type: queue, host: h } }
pipelines: { p: { stages: { s: { probes: [{ source: main, topic: t }], seed: {} } } } }
`,
    problems: [
      '2:72 pipelines.p.stages.s.seed: no probe of the stage knows its past; name a history_file, store: true, or probes of type page',
    ],
  },
  {
    says: 'a past asked of a probe that does not know it',
    yaml: `sources: { main: { type: queue, host: h } }
pipelines: { p: { stages: { s: { seed: { from: 1s, probes: [{ source: main, topic: t }] } } } } }
`,
    problems: [
      '2:42 pipelines.p.stages.s.seed.from: want from 1h to 366d',
      '2:61 pipelines.p.stages.s.seed.probes[0]: a probe of type queue does not know its past; want one of type page',
    ],
  },
  {
    says: 'a template with more values than its cap',
    yaml: `pipelines: { p: { for_each: { values: [a, b, c], cap: 2 }, stages: { "s-{each}": {} } } }
`,
    problems: ['1:31 pipelines.p.for_each.values: has 3 values, more than cap: 2; raise the cap if that is meant'],
  },
  {
    says: 'a template that no stage uses',
    yaml: `pipelines: { p: { for_each: { values: [a] }, stages: { s: {} } } }
`,
    problems: [
      '1:19 pipelines.p.for_each: no stage of the pipeline has {each} in its name, so there is no template to unfold',
    ],
  },
  {
    says: 'a mistake in a template, told once',
    yaml: `pipelines:
  p:
    for_each: { values: [a, b, c] }
    stages:
      s-{each}: { evry: 10s }
`,
    problems: ['5:19 pipelines.p.stages.s-{each}.evry: unknown key (did you mean every?)'],
  },
  {
    says: 'a value that makes no name',
    yaml: `pipelines:
  p:
    for_each: { values: [a.b] }
    stages:
      s-{each}: {}
`,
    problems: [
      '5:7 pipelines.p.stages.s-{each}: a name has letters, digits, - and _, begins with a letter or digit, and has at most 64',
    ],
  },
  {
    says: 'a policy that keeps a stage nobody knows',
    yaml: `pipelines: { p: { stages: { s: {} } } }
policies: { k: { keep: { stage: p.t, rows: 5 }, may: [{ actuator: valve, stage: p.s, kind: pause }] } }
`,
    problems: ['2:26 policies.k.keep.stage: unknown stage "p.t" (did you mean p.s?)'],
  },
  {
    says: 'a policy that keeps nothing',
    yaml: `pipelines: { p: { stages: { s: {} } } }
policies: { k: { keep: { stage: p.s }, may: [{ actuator: valve, stage: p.s, kind: pause }] } }
`,
    problems: ['2:18 policies.k.keep: names no signal; want one such as lag_seconds: 2m'],
  },
  {
    says: 'a policy that may do nothing',
    yaml: `pipelines: { p: { stages: { s: {} } } }
policies: { k: { keep: { stage: p.s, rows: 5 }, may: [] } }
`,
    problems: ['2:49 policies.k.may: want at least 1 entry'],
  },
  {
    says: 'a policy that keeps two signals',
    yaml: `pipelines: { p: { stages: { s: {} } } }
policies: { k: { keep: { stage: p.s, rows: 5, lag_records: 5 }, may: [{ actuator: valve, stage: p.s, kind: pause }] } }
`,
    problems: ['2:47 policies.k.keep.lag_records: a policy keeps one signal; write a second policy'],
  },
  {
    says: 'an actuator nobody knows, and a kind it does not offer',
    yaml: `pipelines: { p: { stages: { s: {} } } }
policies: { k: { keep: { stage: p.s, rows: 5 }, may: [{ actuator: valv, stage: p.s, kind: pause }, { actuator: valve, stage: p.s, kind: scale, max: 3 }] } }
`,
    problems: [
      '2:57 policies.k.may[0].actuator: unknown actuator "valv" (did you mean valve?)',
      '2:131 policies.k.may[1].kind: actuator valve (type valve) cannot scale; it can throttle, pause',
    ],
  },
  {
    says: 'a lossy actuator without opt-in',
    yaml: `actuators: { c: { type: crane, url: "http://x" } }
pipelines: { p: { stages: { s: {} } } }
policies: { k: { keep: { stage: p.s, rows: 5 }, may: [{ actuator: c, stage: p.s, kind: scale, max: 3 }] } }
`,
    problems: [
      '3:55 policies.k.may[0]: actuator c is lossy: it cannot put back exactly what stood; write accept: [lossy] if that is meant',
    ],
  },
  {
    says: 'numbers that do not belong to the kind',
    yaml: `pipelines: { p: { stages: { s: {} } } }
policies: { k: { keep: { stage: p.s, rows: 5 }, may: [{ actuator: valve, stage: p.s, kind: throttle, max: 3 }, { actuator: valve, stage: p.s, kind: pause, floor: 1/s }, { actuator: valve, stage: p.s, kind: throttle, floor: 0 }] } }
`,
    problems: [
      '2:55 policies.k.may[0]: throttle wants floor: the rate it never goes below, such as 20/s',
      '2:102 policies.k.may[0].max: max is for scale, not for throttle',
      '2:156 policies.k.may[1].floor: floor is for throttle, not for pause',
      '2:217 policies.k.may[2].floor: want a rate above zero such as 20/s; to stop the flow there is kind: pause',
    ],
  },
  {
    says: 'a mode nobody knows, and a lease that is too short',
    yaml: `pipelines: { p: { stages: { s: {} } } }
policies: { k: { mode: enforced, lease: 1s, keep: { stage: p.s, rows: 5 }, may: [{ actuator: valve, stage: p.s, kind: pause }] } }
`,
    problems: [
      '2:18 policies.k.mode: want one of observe, dry-run, enforce (did you mean enforce?)',
      '2:34 policies.k.lease: want from 5s to 1d',
    ],
  },
  {
    says: 'a minimum above the maximum',
    yaml: `actuators: { c: { type: crane, url: "http://x" } }
pipelines: { p: { stages: { s: {} } } }
policies: { k: { keep: { stage: p.s, rows: 5 }, may: [{ actuator: c, stage: p.s, kind: scale, min: 5, max: 3, accept: [lossy] }] } }
`,
    problems: ['3:95 policies.k.may[0].min: min 5 is more than max 3'],
  },
  {
    says: 'excluded ranges that are swapped, overlap, or have no zone, at every place where they can stand',
    yaml: `pipelines:
  p:
    exclude: [{ from: 2026-11-27T12:00:00Z, to: 2026-11-27T09:00:00Z, why: load test }]
    stages:
      s:
        exclude:
          - { from: 2026-11-27T09:00:00Z, to: 2026-11-27T12:00:00Z, why: load test }
          - { from: 2026-11-27T11:59:59Z, to: 2026-11-28, why: another }
          - { from: 2026-11-28, to: 2026-11-29, why: right after it }
        signals:
          rows: { exclude: [{ from: 2026-11-27T09:00:00, to: 2026-02-30, why: " " }, { from: 2026-11-27 }] }
`,
    problems: [
      '3:45 pipelines.p.exclude[0].to: ends 2026-11-27T09:00:00Z, not after it begins 2026-11-27T12:00:00Z',
      '8:13 pipelines.p.stages.s.exclude[1]: overlaps "load test" from 2026-11-27T09:00:00Z to 2026-11-27T12:00:00Z; make one range of the two',
      '11:31 pipelines.p.stages.s.signals.rows.exclude[0].from: want a time with its zone such as 2026-11-27T09:00:00Z, or a day',
      '11:58 pipelines.p.stages.s.signals.rows.exclude[0].to: want a time with its zone such as 2026-11-27T09:00:00Z, or a day',
      '11:74 pipelines.p.stages.s.signals.rows.exclude[0].why: must not be empty',
      '11:86 pipelines.p.stages.s.signals.rows.exclude[1].to: is missing; want text',
      '11:86 pipelines.p.stages.s.signals.rows.exclude[1].why: is missing; want text',
    ],
  },
  {
    says: 'a start that is for scaling alone, and one that is too long',
    yaml: `pipelines: { p: { stages: { s: {} } } }
policies: { k: { keep: { stage: p.s, rows: 5 }, may: [{ actuator: valve, stage: p.s, kind: pause, startup: 1m }, { actuator: valve, stage: p.s, kind: pause, startup: 2h }] } }
`,
    problems: [
      '2:99 policies.k.may[0].startup: startup is for scale, not for pause',
      '2:158 policies.k.may[1].startup: want from 1s to 1h',
    ],
  },
];
