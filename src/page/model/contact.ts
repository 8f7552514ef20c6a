import type { ApiLease } from '../../server/api.ts';
import { clock, epoch } from '../text/time.ts';
import { nameOf } from './names.ts';

/** What is known of the line to the daemon. Times are milliseconds of one local clock that never jumps. */
export interface Contact {
  readonly phase: 'connecting' | 'open' | 'lost';
  /** When the last byte came; undefined before the first. */
  readonly heardAt: number | undefined;
  /** When the next attempt is made, while the line is lost. */
  readonly retryAt: number | undefined;
}

export type Liveness = 'connecting' | 'live' | 'late' | 'offline';

/** The daemon writes at least this often, a comment where there is nothing to say. */
export const PING_MS = 5_000;

/** A line that is back within this time was never worth a banner. */
const HICCUP_MS = 2_500;

/**
 * Live: something came within two pings. Late: it did not, or the newest data is older than two polls of the fastest stage.
 * Offline: nothing for more than three pings, or the line is known to be broken.
 *
 * @param dataAge how old the newest snapshot is, in milliseconds; undefined where there is none
 * @param poll the shortest interval of any stage, in milliseconds
 */
export function livenessOf(contact: Contact, now: number, dataAge: number | undefined, poll: number): Liveness {
  const silence = contact.heardAt === undefined ? Number.POSITIVE_INFINITY : now - contact.heardAt;
  if (contact.phase === 'lost') return silence < HICCUP_MS ? 'late' : 'offline';
  if (contact.heardAt === undefined) return 'connecting';
  if (silence > 3 * PING_MS) return 'offline';
  if (silence > 2 * PING_MS) return 'late';
  return dataAge !== undefined && dataAge > 2 * poll + PING_MS ? 'late' : 'live';
}

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/**
 * What is true of the gates while nobody can be asked. A valve opens by itself at its time, because its reader knows the time;
 * a gate that Headgate moved in another system is put back by Headgate, so only while or once it runs.
 */
export function gatesWhileOffline(held: readonly ApiLease[]): string {
  if (held.length === 0) return 'No gate was held when contact was lost.';
  const own = held.filter((lease) => lease.actuator === 'valve');
  const other = held.filter((lease) => lease.actuator !== 'valve');
  const sentences: string[] = [];
  if (own.length > 0) {
    const until = clock(Math.max(...own.map((lease) => epoch(lease.expiresAt))));
    const stages = list(own.map((lease) => nameOf(lease.stage)));
    sentences.push(
      own.length === 1
        ? `The gate on ${stages} opens by itself at ${until} at the latest, with or without this page.`
        : `The gates on ${stages} open by themselves, the last at ${until}, with or without this page.`,
    );
  }
  if (other.length > 0) {
    const stages = list(other.map((lease) => `${nameOf(lease.stage)} (${lease.actuator})`));
    sentences.push(`Headgate puts ${stages} back when the time is up; if Headgate itself is down, when it runs again.`);
  }
  return sentences.join(' ');
}
