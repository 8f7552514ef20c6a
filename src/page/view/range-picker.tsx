import { withQuery } from '../model/route.ts';
import { type Shown, shifted } from '../model/window.ts';
import { clock, clockOrDay, RANGES } from '../text/time.ts';
import { usePage } from './page.ts';

/** Which stretch of time is shown; the choice is in the URL. */
export function RangePicker(props: { shown: Shown }) {
  const { route, now } = usePage();
  const { shown } = props;
  const go = (changes: Record<string, string>): void => location.replace(withQuery(route, changes));
  return (
    <div class="range">
      <button
        type="button"
        class="button small"
        data-command="earlier"
        aria-label="Earlier"
        onClick={() => go(shifted(shown, -1, now))}
      >
        ‹
      </button>
      <select
        aria-label="Range"
        value={shown.live ? (route.query.range ?? '') : 'fixed'}
        onChange={(event) => go({ range: event.currentTarget.value, from: '', to: '' })}
      >
        <option value="">{route.query.range ? 'default' : 'auto'}</option>
        {!shown.live && (
          <option value="fixed" disabled>
            {clockOrDay(shown.from, now)} to {clock(shown.to)}
          </option>
        )}
        {RANGES.map((range) => (
          <option key={range.key} value={range.key}>
            {range.label}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="button small"
        data-command="later"
        aria-label="Later"
        disabled={shown.live}
        onClick={() => go(shifted(shown, 1, now))}
      >
        ›
      </button>
      {!shown.live && (
        <button type="button" class="button small" data-command="live" onClick={() => go({ from: '', to: '' })}>
          Live
        </button>
      )}
    </div>
  );
}
