import type { State } from '../model/state.ts';

const CUT = { fill: 'none', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' } as const;

const SHAPES: Record<Exclude<State, 'learning'>, preact.ComponentChildren> = {
  ok: (
    <g fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">
      <circle cx="8" cy="8" r="6.2" />
      <path d="M5.2 8.2l2 2 3.6-4" />
    </g>
  ),
  warning: (
    <>
      <path d="M8 1.6L15 14H1Z" fill="currentColor" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" />
      <path class="cut" d="M8 6v3.6M8 11.9v.1" stroke-width="1.7" {...CUT} />
    </>
  ),
  critical: (
    <>
      <path
        d="M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2Z"
        fill="currentColor"
        stroke="currentColor"
        stroke-width=".8"
        stroke-linejoin="round"
      />
      <path class="cut" d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" stroke-width="1.9" {...CUT} />
    </>
  ),
  unknown: (
    <g fill="none" stroke="currentColor" stroke-linecap="round">
      <circle cx="8" cy="8" r="6.4" stroke-width="1.5" stroke-dasharray="1.9 2.1" />
      <path d="M6.2 6.5c0-2.4 3.7-2.4 3.7-.1 0 1.5-1.9 1.5-1.9 3M8 11.4v.1" stroke-width="1.5" />
    </g>
  ),
  held: (
    <g fill="none" stroke="currentColor" stroke-linecap="round">
      <path d="M2.2 1.8v12.6M13.8 1.8v12.6M1.2 2.6h13.6" stroke-width="1.6" />
      <path d="M4.8 4.6h6.4v5H4.8Z" fill="currentColor" stroke-width="1" stroke-linejoin="round" />
      <path d="M3.6 13.3c1.1-1 2.2-1 3.3 0s2.2 1 3.3 0 1.6-.8 2.2-.4" stroke-width="1.4" />
    </g>
  ),
};

const RING = 2 * Math.PI * 6;

/** The shape of a state; it carries the meaning, colour repeats it. Hidden from readers: the word stands beside it. */
export function Glyph(props: { state: State; learned?: number; big?: boolean }) {
  const filled = Math.max(0.02, Math.min(1, props.learned ?? 0)) * RING;
  return (
    <svg class={`glyph ${props.state}${props.big ? ' big' : ''}`} viewBox="0 0 16 16" aria-hidden="true">
      {props.state === 'learning' ? (
        <g fill="none" stroke="currentColor" stroke-width="2.2">
          <circle cx="8" cy="8" r="6" opacity=".25" />
          <circle cx="8" cy="8" r="6" stroke-dasharray={`${filled} ${RING}`} transform="rotate(-90 8 8)" />
        </g>
      ) : (
        SHAPES[props.state]
      )}
    </svg>
  );
}

/** The mark of the house: a gate over water. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 24 24" fill="none" aria-hidden="true">
      <path class="post" d="M2.5 3.5h19M5 3.5v17M19 3.5v17" stroke-width="2" />
      <path class="plate" d="M8 6.5h8v8H8z" stroke-width="1.5" />
      <path
        class="water"
        d="M2 20.5c2 0 2-1.2 4-1.2s2 1.2 4 1.2 2-1.2 4-1.2 2 1.2 4 1.2 2-1.2 4-1.2"
        stroke-width="1.8"
      />
    </svg>
  );
}
