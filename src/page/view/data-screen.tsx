import { nameOf, pipelineOf } from '../model/names.ts';
import { fieldsHash } from '../model/route.ts';
import { counting } from '../text/number.ts';
import { ago, epoch } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';

/** Every stage whose fields are profiled; what drifted first. */
export function DataScreen() {
  const { fleet, now } = usePage();
  const stages = [...fleet.stages.values()]
    .filter(({ fields }) => fields > 0)
    .sort((a, b) => b.drifted - a.drifted || (a.id < b.id ? -1 : 1));
  return (
    <section class="card box wide" aria-labelledby="data-title">
      <h1 id="data-title">Data</h1>
      {stages.length === 0 ? (
        <p>
          No field is profiled. Give a probe of type <code>postgres</code> its <code>profiles</code>, and the stage the
          detector <code>drift</code>.
        </p>
      ) : (
        <div class="table-scroll">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Stage</th>
                <th scope="col">Fields</th>
                <th scope="col">Last look</th>
              </tr>
            </thead>
            <tbody>
              {stages.map(({ id, fields, drifted, at }) => (
                <tr key={id}>
                  <td class="nowrap">
                    <span class={`facts-word ${drifted > 0 ? 'warning' : 'ok'}`}>
                      <Glyph state={drifted > 0 ? 'warning' : 'ok'} />{' '}
                      {drifted > 0 ? `${drifted} drifted` : 'none drifted'}
                    </span>
                  </td>
                  <th scope="row">
                    <a data-row href={fieldsHash(id)}>
                      {nameOf(id)}
                    </a>{' '}
                    <span class="dim">{pipelineOf(id)}</span>
                  </th>
                  <td class="nowrap">{counting(fields, 'field')}</td>
                  <td class="nowrap">{at ? ago(epoch(at), now) : '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
