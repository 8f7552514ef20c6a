import type { Stretch } from '../model/ribbon.ts';
import { STATE_WORD } from '../model/state.ts';
import { clock, duration } from '../text/time.ts';
import { Glyph } from './glyph.tsx';

/** The states of one stage along a time axis. Short stretches keep only their colour; the list for readers keeps the words. */
export function Ribbon(props: { stretches: readonly Stretch[]; from: number; to: number; label: string }) {
  const length = props.to - props.from;
  return (
    <div class="ribbon">
      <div class="ribbon-bar" aria-hidden="true">
        {props.stretches.map((stretch) => {
          const share = (stretch.to - stretch.from) / length;
          return (
            <span
              key={stretch.from}
              class={`stretch ${stretch.state}`}
              style={{ width: `${share * 100}%` }}
              title={`${STATE_WORD[stretch.state]}, ${clock(stretch.from)} to ${clock(stretch.to)}`}
            >
              {share > 0.07 && (
                <>
                  <Glyph state={stretch.state} learned={0.6} />
                  {STATE_WORD[stretch.state]}
                </>
              )}
            </span>
          );
        })}
      </div>
      <p class="visually-hidden">
        {props.label}:{' '}
        {props.stretches
          .map((one) => `${STATE_WORD[one.state]} for ${duration(one.to - one.from)} from ${clock(one.from)}`)
          .join('; ')}
      </p>
    </div>
  );
}
