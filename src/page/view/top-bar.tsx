import { useEffect, useRef } from 'preact/hooks';
import { newestData } from '../model/fleet.ts';
import { isHeld } from '../model/names.ts';
import { hashOf, type Screen } from '../model/route.ts';
import { openIncidents } from '../model/state.ts';
import { ago, duration } from '../text/time.ts';
import { Glyph, Logo } from './glyph.tsx';
import { usePage } from './page.ts';

type Tab = { readonly name: Screen['name']; readonly word: string; readonly hash: string; readonly count: number };

function useTabs(): readonly Tab[] {
  const { fleet } = usePage();
  return [
    { name: 'overview', word: 'Overview', hash: '#/', count: 0 },
    { name: 'incidents', word: 'Incidents', hash: '#/incidents', count: openIncidents(fleet.incidents).length },
    { name: 'gates', word: 'Gates', hash: '#/gates', count: fleet.leases.filter(isHeld).length },
    { name: 'data', word: 'Data', hash: '#/data', count: 0 },
    { name: 'health', word: 'Health', hash: '#/health', count: 0 },
  ];
}

const PARENT: Partial<Record<Screen['name'], Screen['name']>> = {
  stage: 'overview',
  incident: 'incidents',
  fields: 'data',
};

export function Tabs(props: { kind: 'top' | 'bottom' }) {
  const { route } = usePage();
  const here = PARENT[route.screen.name] ?? route.screen.name;
  const glyphs = { overview: 'ok', incidents: 'critical', gates: 'held', data: 'warning', health: 'unknown' } as const;
  return (
    <nav class={`tabs ${props.kind}`} aria-label={props.kind === 'top' ? 'Screens' : 'Screens, at the bottom'}>
      {useTabs().map((tab) => (
        <a key={tab.name} href={tab.hash} aria-current={tab.name === here ? 'page' : undefined}>
          {props.kind === 'bottom' && <Glyph state={glyphs[tab.name as keyof typeof glyphs]} />}
          {tab.word}
          {tab.count > 0 && (
            <span class="count">
              {tab.count}
              <span class="visually-hidden"> open</span>
            </span>
          )}
        </a>
      ))}
    </nav>
  );
}

/** Live with the age of the data, or how it is not. */
export function Live() {
  const { liveness, fleet, session } = usePage();
  const newest = newestData(fleet);
  const now = session.now();
  const age = newest === undefined ? 'no data yet' : ago(newest, now);
  const late = newest === undefined ? '' : duration(now - newest);
  return (
    <span class={`live ${liveness}`} data-live={liveness}>
      {liveness === 'offline' ? <Glyph state="unknown" /> : <span class="live-dot" />}
      <b>{{ live: 'Live', late: `Late ${late}`, offline: 'Offline', connecting: 'Connecting' }[liveness]}</b>
      {liveness === 'live' && <span class="dim age">{age}</span>}
    </span>
  );
}

/** How far the daemon may act here: the most that any policy may do. */
function ModeTag() {
  const { fleet } = usePage();
  if (fleet.readOnly) return <span class="tag">read-only</span>;
  const modes = fleet.policies.map((policy) => policy.mode);
  const most = (['enforce', 'dry-run', 'observe'] as const).find((mode) => modes.includes(mode));
  return most ? <span class="tag">{most}</span> : null;
}

function Find() {
  const { route } = usePage();
  const field = useRef<HTMLInputElement>(null);
  const query = route.screen.name === 'overview' ? (route.query.q ?? '') : '';
  useEffect(() => {
    if (field.current && document.activeElement !== field.current) field.current.value = query;
  }, [query]);
  const find = (event: Event): void => {
    const value = (event.currentTarget as HTMLInputElement).value;
    location.replace(
      hashOf({ name: 'overview' }, { ...(route.screen.name === 'overview' ? route.query : {}), q: value }),
    );
  };
  const leave = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' || event.key === 'Enter') field.current?.blur();
    if (event.key === 'Enter') document.querySelector<HTMLElement>('[data-row]')?.click();
  };
  return (
    <label class="find">
      <span class="visually-hidden">Find a stage</span>
      <input
        ref={field}
        type="search"
        data-find
        placeholder="Find a stage"
        defaultValue={query}
        onInput={find}
        onKeyDown={leave}
      />
      <kbd>/</kbd>
    </label>
  );
}

export function TopBar() {
  return (
    <header class="top-bar">
      <div class="top-inner">
        <a class="brand" href="#/">
          <Logo /> Headgate
        </a>
        <Tabs kind="top" />
        <div class="top-right">
          <Find />
          <Live />
          <ModeTag />
        </div>
      </div>
    </header>
  );
}
