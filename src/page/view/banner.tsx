import { gatesWhileOffline } from '../model/contact.ts';
import { newestData } from '../model/fleet.ts';
import { isHeld } from '../model/names.ts';
import { clockSeconds, duration } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';

/** Says that nobody answers, how old the screen is, and what is true of the gates meanwhile. */
export function OfflineBanner() {
  const { session, liveness, fleet } = usePage();
  if (liveness !== 'offline') return null;
  const contact = session.contact();
  const silent = contact.heardAt === undefined ? undefined : performance.now() - contact.heardAt;
  const seen = newestData(fleet);
  const wait = contact.retryAt === undefined ? 0 : contact.retryAt - performance.now();
  return (
    <div class="banner" role="alert">
      <Glyph state="unknown" />
      <p>
        <b>
          {silent === undefined
            ? 'Headgate does not answer.'
            : `No contact with Headgate for ${duration(silent, true)}.`}
        </b>{' '}
        {seen !== undefined && `You see ${clockSeconds(seen)}. ${gatesWhileOffline(fleet.leases.filter(isHeld))}`}
      </p>
      <button type="button" class="button" onClick={session.retry}>
        Retry{wait > 0 ? ` (${duration(wait + 999)})` : ''}
      </button>
    </div>
  );
}
