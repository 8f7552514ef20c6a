import type { ApiSignal, ApiStage } from '../../server/api.ts';

const flowSignal = (stage: ApiStage | undefined, name: string): ApiSignal | undefined =>
  stage?.signals.find((signal) => signal.signal === name);

/**
 * How full the water between two stages stands, against its own usual: 1 is as always, 0.5 half of it, 0 dry.
 * Undefined where it is not measured, or where nobody knows yet what is usual.
 */
export function flowOf(from: ApiStage | undefined, to: ApiStage | undefined): number | undefined {
  for (const signal of [flowSignal(from, 'out_records_per_second'), flowSignal(to, 'in_records_per_second')]) {
    const usual = signal?.expected?.centre;
    if (signal?.value != null && usual !== undefined && usual > 0) return Math.max(0, signal.value / usual);
  }
  return undefined;
}

/** Width of the water in a bed of 14: the logarithm of the flow, so that half is seen and ten times still fits. */
export function waterWidth(flow: number | undefined): number {
  if (flow === undefined) return 3;
  return Math.max(1, Math.min(12, 7 * Math.log2(1 + flow)));
}
