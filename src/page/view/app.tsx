import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { livenessOf } from '../model/contact.ts';
import { fastestPoll, newestData } from '../model/fleet.ts';
import { parseRoute, type Route } from '../model/route.ts';
import { rowsOf } from '../model/row.ts';
import { heldStages } from '../model/state.ts';
import { pageTitle } from '../model/title.ts';
import type { Session } from '../net/session.ts';
import { OfflineBanner } from './banner.tsx';
import { DataScreen } from './data-screen.tsx';
import { FieldsScreen } from './fields-screen.tsx';
import { GatesScreen } from './gates-screen.tsx';
import { HealthScreen } from './health-screen.tsx';
import { HelpDialog } from './help-dialog.tsx';
import { IncidentScreen } from './incident-screen.tsx';
import { IncidentsScreen } from './incidents-screen.tsx';
import { useKeys } from './keys.ts';
import { Overview } from './overview.tsx';
import { type Page, PageProvider } from './page.ts';
import { ReleaseDialog } from './release-dialog.tsx';
import { Skeleton } from './skeleton.tsx';
import { Patterns } from './sparkline.tsx';
import { StageScreen } from './stage-screen.tsx';
import { useTheme } from './theme.ts';
import { Tabs, TopBar } from './top-bar.tsx';

function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const listen = (): void => setHash(location.hash);
    addEventListener('hashchange', listen);
    return () => removeEventListener('hashchange', listen);
  }, []);
  return useMemo(() => parseRoute(hash), [hash]);
}

function ScreenOf(props: { page: Page }) {
  const { fleet, route, liveness } = props.page;
  const { screen } = route;
  // Nothing is drawn from an empty memory: "no stage" and "not asked yet" are different things.
  if (!fleet.loaded) return <Skeleton offline={liveness === 'offline'} />;
  if (screen.name === 'overview') return <Overview />;
  if (screen.name === 'stage') return <StageScreen key={screen.id} id={screen.id} />;
  if (screen.name === 'incidents') return <IncidentsScreen />;
  if (screen.name === 'incident') return <IncidentScreen key={screen.id} id={screen.id} />;
  if (screen.name === 'data') return <DataScreen />;
  if (screen.name === 'fields') return <FieldsScreen key={screen.id} id={screen.id} />;
  if (screen.name === 'gates') return <GatesScreen />;
  if (screen.name === 'health') return <HealthScreen />;
  return (
    <section class="card headline unknown">
      <h1>There is no screen {screen.path}.</h1>
      <p>
        <a href="#/">Overview</a>
      </p>
    </section>
  );
}

function Dialogs(props: { page: Page; help: boolean; closeHelp: () => void }) {
  const { fleet, route } = props.page;
  const lease = fleet.leases.find((one) => one.id === route.query.release);
  const open = lease && lease.state !== 'released';
  return (
    <>
      {open && <ReleaseDialog key={lease.id} lease={lease} />}
      {props.help && <HelpDialog close={props.closeHelp} />}
    </>
  );
}

/** Words that were said to the reader, gone after a while. */
function useSaying(): [string, (text: string) => void] {
  const [said, setSaid] = useState('');
  const timer = useRef(0);
  const say = (text: string): void => {
    clearTimeout(timer.current);
    setSaid(text);
    timer.current = setTimeout(() => setSaid(''), 5_000);
  };
  return [said, say];
}

function usePageOf(session: Session, route: Route, theme: string, say: (text: string) => void): Page {
  const [asked, setAsked] = useState<ReadonlySet<string>>(new Set());
  const stood = useRef(0);
  const { fleet } = session;
  const clock = session.now();
  const newest = newestData(fleet);
  const age = newest === undefined ? undefined : clock - newest;
  const liveness = livenessOf(session.contact(), performance.now(), age, fastestPoll(fleet));
  if (liveness !== 'offline' || stood.current === 0) stood.current = clock;
  const now = stood.current;
  const held = heldStages(fleet.stages.values(), fleet.leases);
  const over = (id: string): boolean =>
    fleet.leases.some((one) => one.id === id && (one.state === 'released' || one.state === 'failed'));
  const releasing = new Set([...asked].filter((id) => !over(id)));
  const rows = rowsOf(fleet.stages, fleet.incidents, fleet.leases, now);
  const markReleasing = (lease: string): void => setAsked(new Set([...asked, lease]));
  return { session, fleet, route, now, liveness, rows, held, theme, releasing, say, markReleasing };
}

/** The whole page; drawn anew when the daemon said something, at most five times a second. */
export function App(props: { session: Session }) {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const route = useRoute();
  const { theme, toggle } = useTheme();
  const [help, setHelp] = useState(false);
  const [said, say] = useSaying();
  useEffect(() => props.session.subscribe(() => redraw(undefined)), []);
  useKeys({ theme: toggle, help: () => setHelp(true) });
  const page = usePageOf(props.session, route, theme, say);
  const title = pageTitle(page.fleet, page.liveness);
  useEffect(() => {
    document.title = title;
  }, [title]);
  const screen = JSON.stringify(route.screen);
  useEffect(() => scrollTo(0, 0), [screen]);
  return (
    <PageProvider value={page}>
      <button type="button" class="skip" onClick={skipToMain}>
        Skip to content
      </button>
      <Patterns />
      <TopBar />
      <main id="main" tabIndex={-1} class={page.liveness === 'offline' ? 'offline' : ''}>
        <OfflineBanner />
        <div class="screen">
          <ScreenOf page={page} />
        </div>
      </main>
      <Tabs kind="bottom" />
      <Dialogs page={page} help={help} closeHelp={() => setHelp(false)} />
      <p class="said" role="status">
        {said}
      </p>
    </PageProvider>
  );
}

/** The hash is the route, so skipping is not a link: it moves the focus itself. */
function skipToMain(): void {
  document.getElementById('main')?.focus();
}
