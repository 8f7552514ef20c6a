import type { ApiLease, ApiRequest, ApiValve } from '../../server/api.ts';
import { formatPercent, formatValue } from '../text/number.ts';

/** True for the pseudo-stage that carries the end-to-end signals of a pipeline. */
export const isEndToEnd = (id: string): boolean => id.endsWith('._pipeline');

/** `orders.enrich` → `enrich`. */
export const nameOf = (id: string): string => (isEndToEnd(id) ? 'end to end' : id.slice(id.indexOf('.') + 1));
/** `orders.enrich` → `orders`. */
export const pipelineOf = (id: string): string => id.slice(0, id.indexOf('.'));
/** `orders.enrich/lag_seconds` → `lag_seconds`. */
export const partOf = (subject: string): string => subject.slice(subject.indexOf('/') + 1);

/** A number or word of an incident as people write it: `#4127`. */
export const incidentName = (id: string): string => (id.startsWith('#') ? id : `#${id}`);

/** What a gate is asked to do, after the name of its stage: `at 40 %`, `at 760 /s`, `paused`, `scaled to 6`. */
export function gateText(request: ApiRequest, valve?: ApiValve): string {
  if (request.kind === 'pause') return 'paused';
  if (request.kind === 'scale') return `scaled to ${request.replicas}`;
  const factor = valve?.state === 'throttled' ? valve.factor : undefined;
  if (factor !== undefined) return `at ${formatPercent(factor)}`;
  return `at ${formatValue(request.rate, 'records_per_second')}`;
}

/** The short mark on a gate: `40 %`, `760 /s`, `shut`, `× 6`. */
export const gateMark = (request: ApiRequest, valve?: ApiValve): string =>
  request.kind === 'pause'
    ? 'shut'
    : request.kind === 'scale'
      ? `× ${request.replicas}`
      : gateText(request, valve).slice(3);

/** The gate may be away from where its owner left it. */
export const isHeld = (lease: ApiLease): boolean => lease.state !== 'released' && lease.state !== 'failed';

const WHY: Readonly<Record<string, string>> = {
  recovered: 'recovered',
  expired: 'time was up',
  overridden: 'overridden by a human',
  ineffective: 'it did not help',
  'by-hand': 'released by hand',
  'policy-changed': 'policy changed',
  shutdown: 'Headgate stopped',
  'could-not-apply': 'could not be applied',
};

/** Why a lease ended, in words. */
export const endedBecause = (why: string | undefined): string => (why ? (WHY[why] ?? why) : '');

/** A word of a closed set as people read it: `cause-not-helped` → `cause not helped`. */
export const inWords = (reason: string): string => reason.replaceAll('-', ' ');
