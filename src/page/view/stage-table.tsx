import { useEffect, useRef, useState } from 'preact/hooks';
import { withQuery } from '../model/route.ts';
import { countStates, filterRows } from '../model/row.ts';
import { STATE_WORD } from '../model/state.ts';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';
import { StageRow } from './stage-row.tsx';

const LAPTOP_ROW = 46;
const PHONE_ROW = 66;
/** Rows drawn beyond the screen on both sides. */
const SPARE = 10;
/** A small fleet is always drawn whole, so that find-in-page and paper see it. */
const ALWAYS = 40;

/** Which rows are near the screen, when the whole table stands in the flow of the page. */
function useVisible(
  body: { current: HTMLElement | null },
  count: number,
): { first: number; last: number; height: number } {
  const [range, setRange] = useState({ first: 0, last: 40, height: LAPTOP_ROW });
  useEffect(() => {
    const phone = matchMedia('(max-width: 720px)');
    let waiting = 0;
    const measure = (): void => {
      waiting = 0;
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const height = phone.matches ? PHONE_ROW : LAPTOP_ROW;
      const first = Math.max(0, Math.floor(-top / height) - SPARE);
      const last = Math.max(first + ALWAYS, Math.ceil((innerHeight - top) / height) + SPARE);
      setRange((old) =>
        old.first === first && old.last === last && old.height === height ? old : { first, last, height },
      );
    };
    const later = (): void => {
      waiting ||= requestAnimationFrame(measure);
    };
    measure();
    addEventListener('scroll', later, { passive: true });
    addEventListener('resize', later);
    return () => {
      cancelAnimationFrame(waiting);
      removeEventListener('scroll', later);
      removeEventListener('resize', later);
    };
  }, [count]);
  return range;
}

function Chips() {
  const { rows, route } = usePage();
  const chosen = route.query.state ?? '';
  return (
    <div class="chips">
      {countStates(rows).map(({ state, count }) => (
        <a
          key={state}
          class={chosen === state ? `chip ${state} chosen` : `chip ${state}`}
          href={withQuery(route, { state: chosen === state ? '' : state })}
          aria-current={chosen === state ? 'true' : undefined}
        >
          <Glyph state={state} learned={0.6} />
          <span>
            {count} <span class="word">{STATE_WORD[state].toLowerCase()}</span>
          </span>
        </a>
      ))}
    </div>
  );
}

const Spacer = (props: { rows: number; height: number }) =>
  props.rows > 0 ? (
    <tbody aria-hidden="true">
      <tr>
        <td class="spacer" style={{ height: `${props.rows * props.height}px` }} />
      </tr>
    </tbody>
  ) : null;

function Empty() {
  const { route } = usePage();
  return (
    <p class="empty">
      No stage matches. <a href={withQuery(route, { state: '', q: '' })}>Show all stages</a>
    </p>
  );
}

/** All stages, worst first. Only rows near the screen are in the document, so thousands stay light. */
export function StageTable() {
  const { rows, route } = usePage();
  const body = useRef<HTMLTableSectionElement>(null);
  const top = useRef<HTMLTableElement>(null);
  const shown = filterRows(rows, route.query.state ?? '', route.query.q ?? '');
  const { first, last, height } = useVisible(top, shown.length);
  const from = Math.min(first, Math.max(0, shown.length - 1));
  const near = shown.slice(from, last + 1);
  return (
    <section class="stages" aria-labelledby="stages-title">
      <div class="section-head">
        <h2 id="stages-title">Stages</h2>
        <Chips />
      </div>
      {shown.length === 0 ? (
        <Empty />
      ) : (
        <table ref={top} class="stage-table" aria-rowcount={shown.length + 1}>
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col">State</th>
              <th scope="col">Stage</th>
              <th scope="col">Score</th>
              <th scope="col">Signal</th>
              <th scope="col" class="c-now">
                Now
              </th>
              <th scope="col" class="c-expected">
                Expected
              </th>
              <th scope="col">Last hour</th>
              <th scope="col">Because</th>
              <th scope="col" class="c-for">
                For
              </th>
            </tr>
          </thead>
          <Spacer rows={from} height={height} />
          <tbody ref={body}>
            {near.map((row, index) => (
              <StageRow key={row.id} row={row} index={from + index} />
            ))}
          </tbody>
          <Spacer rows={shown.length - from - near.length} height={height} />
        </table>
      )}
    </section>
  );
}
