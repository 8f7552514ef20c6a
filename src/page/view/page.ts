import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Liveness } from '../model/contact.ts';
import type { Fleet } from '../model/fleet.ts';
import type { Route } from '../model/route.ts';
import type { Row } from '../model/row.ts';
import type { Session } from '../net/session.ts';

/** All that a component may want to know, made anew for every drawing. */
export interface Page {
  readonly session: Session;
  readonly fleet: Fleet;
  readonly route: Route;
  /** The daemon's clock; it stands still while offline, so that nothing on screen pretends to be newer than it is. */
  readonly now: number;
  readonly liveness: Liveness;
  readonly rows: readonly Row[];
  readonly held: ReadonlySet<string>;
  /** Grows when colours change; charts draw anew. */
  readonly theme: string;
  /** Leases a person has asked to release and that the daemon has not read back yet. */
  readonly releasing: ReadonlySet<string>;
  /** Puts one sentence where it is seen and read aloud. */
  say(text: string): void;
  markReleasing(lease: string): void;
}

const PageContext = createContext<Page | undefined>(undefined);
export const PageProvider = PageContext.Provider;

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('a component was drawn outside the page');
  return page;
}
