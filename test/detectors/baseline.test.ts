import { baseline } from '../../src/detectors/baseline/index.ts';
import { detectorContract } from '../contracts/detector.ts';
import { signalPlan, stagePlan } from './stage-plan.ts';

detectorContract(baseline, {
  config: {},
  stage: stagePlan([signalPlan('lag_seconds', { direction: 'up' })]),
  signals: ['rows', 'lag_seconds', 'out_records_per_second'],
  warmSnapshots: 40,
  bytesPerSignal: 8_192,
});
