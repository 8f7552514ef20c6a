import type { Json } from '../../domain/json.ts';
import type { GateRequest, Lease } from '../../domain/lease.ts';
import { pipelineOf, type StageId, stageNameOf } from '../../domain/stage.ts';
import type { Target } from '../../kit/component.ts';
import type { HttpGateConfig } from './config.ts';

/** A url of the config with its places filled in; each is one path segment, whatever it holds. */
export const fillUrl = (template: string, { stage, kind }: Target): string =>
  template
    .replaceAll('{pipeline}', encodeURIComponent(pipelineOf(stage)))
    .replaceAll('{stage}', encodeURIComponent(stageNameOf(stage)))
    .replaceAll('{kind}', kind);

/** What the gate shall read for a request. */
export function wantedValue(request: GateRequest, paused: Json): Json {
  if (request.kind === 'pause') return paused;
  return request.kind === 'scale' ? request.replicas : request.rate;
}

/** The body of one request: the move a lease asks for, or the way back to the value before. */
export function bodyOf(config: HttpGateConfig, lease: Lease, value: Json, action: 'move' | 'restore'): Json {
  const { request, stage, id, expiresAt, because } = lease;
  const facts = {
    action: action === 'move' ? request.kind : 'restore',
    stage,
    value,
    lease: id,
    until: new Date(expiresAt).toISOString(),
    reason: action === 'move' ? because : (lease.why ?? 'released'),
  };
  if (config.body !== undefined) return fill(config.body, facts);
  if (action === 'restore') return facts;
  const amount =
    request.kind === 'scale'
      ? { replicas: request.replicas }
      : request.kind === 'throttle'
        ? { rate: request.rate }
        : {};
  return { ...facts, ...amount };
}

/** Where the gate is told how long the move stands, a renewal has to be sent although the value stays. */
export const tellsUntil = ({ body }: HttpGateConfig): boolean =>
  body === undefined || JSON.stringify(body).includes('{until}');

type Facts = Readonly<Record<string, Json>> & { readonly stage: StageId };

function fill(template: Json, facts: Facts): Json {
  if (typeof template === 'string') {
    const { stage, value } = facts;
    if (template === '{value}') return value ?? null;
    const known: Readonly<Record<string, Json>> = { ...facts, stage: stageNameOf(stage), pipeline: pipelineOf(stage) };
    return template.replace(/\{([a-z]+)\}/g, (place, name: string) =>
      Object.hasOwn(known, name) ? asText(known[name] ?? null) : place,
    );
  }
  if (Array.isArray(template)) return template.map((one: Json) => fill(one, facts));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, one]) => [key, fill(one, facts)]));
}

const asText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
