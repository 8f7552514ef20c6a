import type { ApiLease, ApiSignal, ApiStage } from '../../server/api.ts';
import { formatPercent, formatValue } from '../text/number.ts';
import type { Fleet } from './fleet.ts';
import { incidentName, nameOf } from './names.ts';

const signalOf = (stage: ApiStage | undefined, name: string): ApiSignal | undefined =>
  stage?.signals.find((signal) => signal.signal === name && signal.value !== null);

function changeText(lease: ApiLease, stage: ApiStage | undefined): string {
  const name = nameOf(lease.stage);
  const usual = stage?.signals.find((signal) => signal.signal === 'out_records_per_second')?.expected?.centre;
  const full = usual === undefined ? '' : ` (about ${formatValue(usual, 'records_per_second')})`;
  if (lease.request.kind === 'pause') return `${name} starts to flow again${full}, at once.`;
  if (lease.request.kind === 'scale') return `${name} goes back to the number of workers it had before.`;
  const factor = stage?.valve.factor;
  const from = factor === undefined ? formatValue(lease.request.rate, 'records_per_second') : formatPercent(factor);
  return factor === undefined
    ? `The flow of ${name} is no longer held at ${from}${full}.`
    : `The flow of ${name} goes back from ${from} to ${formatPercent(1)}${full}, at once.`;
}

/** How the backlog moves at full inflow: records in less records out, in seconds of lag a second; undefined where not measured. */
function growth(root: ApiStage, gate: ApiStage | undefined): number | undefined {
  const inflow = gate?.signals.find((signal) => signal.signal === 'out_records_per_second')?.expected?.centre;
  const outflow = signalOf(root, 'out_records_per_second')?.value;
  if (inflow === undefined || outflow == null || inflow <= 0) return undefined;
  return (inflow - outflow) / inflow;
}

function expectText(lease: ApiLease, gate: ApiStage | undefined, fleet: Fleet): string {
  const incident = fleet.incidents.find((one) => one.id === lease.incident);
  const root = incident && fleet.stages.get(incident.root);
  if (!incident || !root) return '';
  if (incident.state === 'resolved') return `The incident behind it (${incidentName(incident.id)}) is resolved.`;
  const lag = signalOf(root, 'lag_seconds') ?? signalOf(root, 'lag_records');
  const name = nameOf(root.id);
  if (lag?.value == null) return `${name} is still ${root.verdict}.`;
  const still = `${name} still has ${formatValue(lag.value, lag.unit)} of lag`;
  const grows = growth(root, gate);
  if (grows === undefined || Math.abs(grows) < 0.01) return `${still}.`;
  const pace = formatValue(Math.abs(grows), 'seconds');
  return grows > 0
    ? `${still}; at full inflow that grows by about ${pace} each second.`
    : `${still}; at full inflow it still shrinks by about ${pace} each second.`;
}

/** What a release changes, and what is to be expected then; one or two sentences. */
export function releaseText(lease: ApiLease, stage: ApiStage | undefined, fleet: Fleet): string[] {
  return [changeText(lease, stage), expectText(lease, stage, fleet)].filter((sentence) => sentence !== '');
}
