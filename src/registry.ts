import { httpGate } from './actuators/http/index.ts';
import { valve } from './actuators/valve/index.ts';
import { baseline } from './detectors/baseline/index.ts';
import { changePoint } from './detectors/change-point/index.ts';
import { drift } from './detectors/drift/index.ts';
import { forecast } from './detectors/forecast/index.ts';
import { isolationForest } from './detectors/isolation-forest/index.ts';
import { limits } from './detectors/limits/index.ts';
import { multivariate } from './detectors/multivariate/index.ts';
import type { Registry } from './kit/component.ts';
import { alertmanager } from './notifiers/alertmanager/index.ts';
import { logNotifier } from './notifiers/log/index.ts';
import { pagerduty } from './notifiers/pagerduty/index.ts';
import { slack } from './notifiers/slack/index.ts';
import { webhook } from './notifiers/webhook/index.ts';
import { httpJson } from './sources/http-json/index.ts';
import { kafka } from './sources/kafka/index.ts';
import { metricsEndpoint } from './sources/metrics-endpoint/index.ts';
import { postgres } from './sources/postgres/index.ts';
import { prometheus } from './sources/prometheus/index.ts';
import { redisStreams } from './sources/redis-streams/index.ts';
import { memory } from './stores/memory/index.ts';
import { sqlite } from './stores/sqlite/index.ts';

/** All components of this build; one line for each plugin. */
export const registry: Registry = {
  sources: [metricsEndpoint, httpJson, redisStreams, prometheus, postgres, kafka],
  detectors: [limits, baseline, forecast, changePoint, drift, multivariate, isolationForest],
  actuators: [valve, httpGate],
  notifiers: [slack, pagerduty, alertmanager, webhook, logNotifier],
  stores: [sqlite, memory],
};
