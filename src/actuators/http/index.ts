import { isDeepStrictEqual } from 'node:util';
import { asHeadgateError, HeadgateError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { GateRequest, Lease } from '../../domain/lease.ts';
import { requestWords } from '../../domain/wording.ts';
import { type Actuator, type ActuatorContext, defineActuator, type Target } from '../../kit/component.ts';
import { httpClient } from '../../kit/http-client.ts';
import { redactUrl } from '../../kit/http-error.ts';
import { bodyOf, fillUrl, tellsUntil, wantedValue } from './body.ts';
import { HttpGateConfig } from './config.ts';
import { isWhatWasSent, type RemoteGate, remoteGate, type Standing } from './gate.ts';

export const httpGate = defineActuator({
  type: 'http',
  stability: 'stable',
  summary: 'Throttles, pauses or scales a stage through an HTTP endpoint of yours.',
  description: `Reads the value of the gate (a rate, a number of replicas) with GET, keeps it as the way back, and moves the gate
with one request. When the lease ends, the value from before is sent back, but only where the gate still reads what Headgate left:
somebody else's change is kept, and the lease ends as \`overridden\`. Where the endpoint sends a strong \`ETag\`, every write is
conditional (\`If-Match\`), so not even a change in the same moment is lost; without one, a change between read and write can be.

Each request carries an \`Idempotency-Key\` that is the same when it is tried again, and with \`signing_secret\` the signature of
Standard Webhooks 1.0. The answer of \`read\` must show what was sent last; an endpoint that cannot be read is no gate.

Where Headgate dies for good, the gate stays as it is until somebody starts it again: let the endpoint honour \`until\`, or
use \`valve\`, where it matters. Cost: two requests for each move.`,
  config: HttpGateConfig,
  examples: [
    {
      title: 'A rate limit kept as one field of a JSON resource',
      yaml: `actuators:
  intake:
    type: http
    url: http://intake:8080/limits/{stage}
    read: { pointer: /records_per_second }
    body: { records_per_second: '{value}' }`,
    },
    {
      title: 'A service of your own that scales workers and checks the signature',
      yaml: `actuators:
  workers:
    type: http
    url: https://ops.example.com/gates/{pipeline}/{stage}/{kind}
    method: POST
    read: { url: 'https://ops.example.com/gates/{pipeline}/{stage}/{kind}', pointer: /value }
    signing_secret_file: /run/secrets/gate
    auth: { bearer: { token_file: /run/secrets/ops } }`,
    },
  ],
  reversibility: 'exact-inverse',
  kinds: ['throttle', 'pause', 'scale'],
  create: createHttpGate,
});

/** How often a write is tried again because the gate changed between read and write. */
const TRIES = 3;

function createHttpGate(config: HttpGateConfig, context: ActuatorContext): Actuator {
  const client = httpClient(config, context);
  const gate = remoteGate(config, client, () => context.clock.now());
  const targetOf = ({ stage, request }: Lease): Target => ({ stage, kind: request.kind });
  /** Values of the gate that are our own doing: what was left behind, and what an apply without an answer may have set. */
  const isOurs = (value: Json, { left, request, asked = [] }: Lease): boolean =>
    (left !== undefined && isDeepStrictEqual(value, left)) ||
    [request, ...asked].some((one) => isWhatWasSent(value, wantedValue(one, config.paused)));
  /** False where the gate has changed since it was read. */
  const restore = (lease: Lease, preImage: Json, etag: string | undefined, abort: AbortSignal): Promise<boolean> => {
    const write = { id: idOf(lease, 'restore', preImage), body: bodyOf(config, lease, preImage, 'restore'), etag };
    return gate.write(targetOf(lease), write, abort);
  };

  return {
    capture: async (target, abort) => (await gate.read(target, abort)).value,
    plan: (target, request: GateRequest) =>
      `${target.stage} would be ${requestWords(request)} by ${config.method} ${redactUrl(fillUrl(config.url, target))}`,
    apply: (lease, abort) => {
      const wanted = wantedValue(lease.request, config.paused);
      const step = async (now: Standing): Promise<Json | undefined> => {
        const before = lease.left === undefined && isDeepStrictEqual(now.value, lease.preImage);
        if (!before && !isOurs(now.value, lease)) throw changed(lease, config);
        if (isWhatWasSent(now.value, wanted) && !tellsUntil(config)) return now.value;
        const id = idOf(lease, 'apply', wanted);
        const body = bodyOf(config, lease, wanted, 'move');
        const written = await gate.write(targetOf(lease), { id, body, etag: now.etag }, abort);
        return written ? (await gate.read(targetOf(lease), abort)).value : undefined;
      };
      return compareAndSet(gate, targetOf(lease), step, abort);
    },
    verify: async (lease, abort) =>
      isOurs((await gate.read(targetOf(lease), abort)).value, lease) ? 'as-left' : 'changed',
    revert: (lease, abort) => {
      const { preImage, left, asked } = lease;
      const step = async ({ value, etag }: Standing): Promise<'reverted' | 'overridden' | undefined> => {
        if (preImage === undefined) return 'overridden';
        const stands = isDeepStrictEqual(value, preImage);
        if (stands && left !== undefined && !asked) return 'reverted';
        if (!stands && !isOurs(value, lease)) return 'overridden';
        // Where it stands as before, a move that was not answered may still be under way; then this write comes after it. An endpoint
        // that refuses it has not taken the move either.
        const written = restore(lease, preImage, etag, abort).catch((thrown: unknown) => {
          if (!stands || asHeadgateError(thrown).retryable) throw thrown;
          return true;
        });
        return (await written) ? 'reverted' : undefined;
      };
      return compareAndSet(gate, targetOf(lease), step, abort);
    },
    close: () => client.close(),
  };
}

/** Reads and lets `step` decide and write; again where the gate changed in between (`undefined`). */
async function compareAndSet<T>(
  gate: RemoteGate,
  target: Target,
  step: (now: Standing) => Promise<T | undefined>,
  abort: AbortSignal,
): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const done = await step(await gate.read(target, abort));
    if (done !== undefined) return done;
  }
  throw new HeadgateError(
    'server-error',
    `gate of ${target.stage}: it changed ${TRIES} times while it was to be moved`,
  );
}

/** The same for each try of the same move. A renewal is another move: an endpoint that knows the key already would drop it. */
const idOf = (lease: Lease, step: 'apply' | 'restore', value: Json): string =>
  `${lease.id}-${step}-${step === 'apply' ? lease.expiresAt : 0}-${JSON.stringify(value)}`.replace(/[^\w-]/g, '_');

const changed = (lease: Lease, config: HttpGateConfig): HeadgateError =>
  new HeadgateError(
    'conflict',
    `gate of ${lease.stage}: somebody else has changed it since lease ${lease.id} last saw it; it is left to them (${redactUrl(fillUrl(config.url, { stage: lease.stage, kind: lease.request.kind }))})`,
  );
