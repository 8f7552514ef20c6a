/** What stage `stage` shows at a phase: eight signals, each a calm wave of its own. */
export function wavesAt(stage: number, phase: number): Record<string, number> {
  const wave = (size: number, offset: number): number => size * (1 + 0.05 * Math.sin(phase + stage + offset));
  return {
    lag_seconds: wave(2, 0),
    lag_records: Math.round(wave(120, 1)),
    latency_p99_seconds: wave(0.2, 2),
    in_records_per_second: wave(80, 3),
    out_records_per_second: wave(80, 4),
    error_ratio: wave(0.001, 5),
    dlq_depth: 0,
    freshness_seconds: wave(4, 6),
  };
}

/** Answers by which the phase grows by one. */
export const ANSWERS_A_PHASE = 997;
