import { readFileSync } from 'node:fs';

/** Values made by `test/golden/make_changes.py`; the file names the versions of river, statsmodels and pymannkendall. */
export interface ChangesGolden {
  readonly streams: Readonly<Record<string, readonly number[]>>;
  readonly pageHinkley: readonly {
    stream: string;
    threshold: number;
    delta: number;
    alpha: number;
    minimum: number;
    detections: number[];
  }[];
  readonly adwin: readonly {
    stream: string;
    delta: number;
    detections: number[];
    /** After so many values: width and mean of the window. */
    widths: [at: number, width: number, mean: number][];
  }[];
  readonly cusum: readonly { stream: string; k: number; h: number; detections: number[] }[];
  readonly holt: readonly { alpha: number; beta: number; values: number[]; forecast: number[] }[];
  readonly mannKendall: readonly { values: number[]; z: number }[];
  readonly pinball: readonly { value: number; quantile: number; tau: number; loss: number }[];
}

export const changes: ChangesGolden = JSON.parse(
  readFileSync(new URL('../golden/changes.json', import.meta.url), 'utf8'),
) as ChangesGolden;
