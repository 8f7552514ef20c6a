import type { Liveness } from './contact.ts';
import type { Fleet } from './fleet.ts';
import { isHeld, nameOf } from './names.ts';
import { openIncidents } from './state.ts';

/** The title of the tab: what is worst, so that a look at the tabs is enough. */
export function pageTitle(fleet: Fleet, liveness: Liveness): string {
  if (liveness === 'offline') return '? offline · Headgate';
  const open = openIncidents(fleet.incidents);
  const [first] = open;
  if (first) return `${first.severity === 'critical' ? '⬣' : '▲'} ${open.length} · ${nameOf(first.root)} · Headgate`;
  const held = fleet.leases.filter(isHeld).length;
  return held > 0 ? `▤ ${held} held · Headgate` : 'Headgate';
}
