import type { ApiProfile, ApiSpread } from '../../server/api.ts';
import { short, shortNumber, shortP, valueAt } from '../model/field.ts';
import { clockOrDay, epoch } from '../text/time.ts';
import { usePage } from './page.ts';
import { WasIs } from './was-is.tsx';

const SHARES: readonly (readonly [share: number, name: string])[] = [
  [0, 'least'],
  [0.05, '5 %'],
  [0.25, '25 %'],
  [0.5, 'median'],
  [0.75, '75 %'],
  [0.95, '95 %'],
  [1, 'most'],
];
const MOST_VALUES = 10;

type Line = readonly [name: string, was: string, is: string];

const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${Number(((100 * part) / whole).toPrecision(2))} %`;

const quantile = (spread: ApiSpread | null, share: number): string => {
  const value = spread?.quantiles ? valueAt(spread.quantiles, share) : undefined;
  return value === undefined ? '–' : shortNumber(value);
};

const countOf = (spread: ApiSpread | null, name: string): string => {
  const found = spread?.top?.find(([value]) => value === name);
  return spread?.top ? percent(found?.[1] ?? 0, spread.rows - spread.nulls) : '–';
};

function linesOf({ reference, current, distinct }: ApiProfile): Line[] {
  const nulls = (side: ApiSpread | null): string => (side ? percent(side.nulls, side.rows) : '–');
  const names = [...new Set([...(current?.top ?? []), ...(reference?.top ?? [])].map(([name]) => name))];
  const values: Line[] =
    current?.quantiles || reference?.quantiles
      ? SHARES.map(([share, name]) => [name, quantile(reference, share), quantile(current, share)])
      : names.slice(0, MOST_VALUES).map((name) => [name, countOf(reference, name), countOf(current, name)]);
  return [
    ...values,
    ['without a value', nulls(reference), nulls(current)],
    ['different values', '–', distinct === null ? '–' : distinct.toLocaleString('en')],
  ];
}

/** One field, then and now, in numbers. */
export function FieldDetail(props: { field: ApiProfile }) {
  const { now } = usePage();
  const { field } = props;
  const window =
    field.from && field.to
      ? `${clockOrDay(epoch(field.from), now)} to ${clockOrDay(epoch(field.to), now)}`
      : 'the whole table';
  return (
    <section class="card box wide field-detail" aria-labelledby="field-title">
      <h2 id="field-title">{field.field}</h2>
      <p>
        {field.why}.{' '}
        {field.test !== null &&
          `${field.test}: effect ${short(field.effect)} (${short(field.effectNull)} by chance), adjusted p ${shortP(field.adjustedP)}. `}
        Now is {window}
        {field.exact ? '' : ', from a sample'}.
      </p>
      <div class="field-columns">
        <WasIs field={field} large />
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Value</th>
              <th scope="col">Was</th>
              <th scope="col">Is</th>
            </tr>
          </thead>
          <tbody>
            {linesOf(field).map(([name, was, is]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{was}</td>
                <td>{is}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
