import { useEffect, useState } from 'preact/hooks';
import type { ApiProfile } from '../../server/api.ts';
import { inOrder, RESULT, short, shortP, summaryOf } from '../model/field.ts';
import { nameOf, pipelineOf } from '../model/names.ts';
import { stageHash, withQuery } from '../model/route.ts';
import { ApiFailure, getJson } from '../net/api.ts';
import { formatValue } from '../text/number.ts';
import { clockOrDay, epoch } from '../text/time.ts';
import { FieldDetail } from './field-detail.tsx';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';
import { WasIs } from './was-is.tsx';

const REFRESH_MS = 10_000;

/** The profiles of a stage, asked for again while they are looked at; what was shown stays where a later try fails. */
function useProfiles(id: string): { readonly fields?: readonly ApiProfile[]; readonly failure?: string } {
  const [state, setState] = useState<{ fields?: readonly ApiProfile[]; failure?: string }>({});
  useEffect(() => {
    let gone = false;
    const path = `stages/${encodeURIComponent(pipelineOf(id))}/${encodeURIComponent(nameOf(id))}/profiles`;
    const load = async (): Promise<void> => {
      try {
        const fields = await getJson<ApiProfile[]>(path);
        if (!gone) setState({ fields });
      } catch (thrown) {
        const failure = thrown instanceof ApiFailure ? thrown.message : 'no answer';
        if (!gone) setState((before) => ({ ...before, failure }));
      }
    };
    void load();
    const timer = setInterval(() => void load(), REFRESH_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [id]);
  return state;
}

const rowsText = ({ nRef, nCur, current }: ApiProfile): string =>
  nRef === null || nCur === null
    ? `– / ${current ? formatValue(current.rows, 'count') : '–'}`
    : `${formatValue(nRef, 'count')} / ${formatValue(nCur, 'count')}`;

function FieldRow(props: { field: ApiProfile; chosen: boolean }) {
  const { route } = usePage();
  const { field, chosen } = props;
  const [word, state] = RESULT[field.result];
  return (
    <tr class={chosen ? 'chosen' : undefined}>
      <td class="nowrap">
        <span class={`facts-word ${state === 'learning' ? 'unknown' : state}`}>
          <Glyph state={state} learned={0.5} /> {word}
        </span>
      </td>
      <th scope="row">
        <a data-row href={withQuery(route, { field: chosen ? '' : field.field })} aria-expanded={chosen}>
          {field.field}
        </a>
        <span class="line dim">{field.why}</span>
      </th>
      <td>{field.kind ?? '–'}</td>
      <td>
        <WasIs field={field} />
      </td>
      <td class="nowrap">{field.test ?? '–'}</td>
      <td class="nowrap">
        {short(field.effect)} <span class="dim">({short(field.effectNull)})</span>
      </td>
      <td class="nowrap">{shortP(field.adjustedP)}</td>
      <td class="nowrap">{rowsText(field)}</td>
    </tr>
  );
}

/** The fields of one stage: how each was spread and is, and what came of the comparison. */
export function FieldsScreen(props: { id: string }) {
  const { route, now } = usePage();
  const { fields, failure } = useProfiles(props.id);
  const shown = inOrder(fields ?? []);
  const chosen = shown.find(({ field }) => field === route.query.field);
  const newest = Math.max(...shown.map(({ to }) => (to ? epoch(to) : 0)));
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href="#/data">Data</a> / {pipelineOf(props.id)} / <a href={stageHash(props.id)}>{nameOf(props.id)}</a>
      </nav>
      <section class="card box wide" aria-labelledby="fields-title">
        <h1 id="fields-title">{nameOf(props.id)}</h1>
        {failure && <p class="failure">The profiles could not be read: {failure}.</p>}
        {fields && fields.length === 0 && <p>No field of this stage is profiled.</p>}
        {shown.length > 0 && (
          <>
            <p class="summary">
              <b>{summaryOf(shown)}.</b> {newest > 0 && `Newest data ${clockOrDay(newest, now)}. `}
              Filled: as it was; outlined: as it is.
            </p>
            <div class="table-scroll">
              <table class="plain fields">
                <thead>
                  <tr>
                    <th scope="col">Result</th>
                    <th scope="col">Field</th>
                    <th scope="col">Type</th>
                    <th scope="col">Was / is</th>
                    <th scope="col">Test</th>
                    <th scope="col">Effect (by chance)</th>
                    <th scope="col">Adjusted p</th>
                    <th scope="col">Rows was / is</th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((field) => (
                    <FieldRow key={field.field} field={field} chosen={field === chosen} />
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </section>
      {chosen && <FieldDetail field={chosen} />}
    </>
  );
}
