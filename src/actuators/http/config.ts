import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { httpClientFields } from '../../kit/http-client.ts';
import { Pointer } from '../../kit/json-pointer.ts';
import { secretFields } from '../../kit/secret.ts';

const PLACES = '`{pipeline}`, `{stage}` and `{kind}` (throttle, pause or scale) are filled in';

const Address = z
  .string()
  .refine((text) => URL.canParse(text.replace(/\{[a-z]+\}/g, 'x')) && /^https?:/.test(text), {
    message: 'write the url as http://host:port/path',
  })
  .refine((text) => (text.match(/\{[a-z]+\}/g) ?? []).every((place) => /^\{(pipeline|stage|kind)\}$/.test(place)), {
    message: 'only {pipeline}, {stage} and {kind} are filled in',
  });

const JsonValue: z.ZodType<Json> = z.json();

export const HttpGateConfig = z.strictObject({
  url: Address.meta({ description: `Where the gate is moved; ${PLACES}.` }),
  method: z.enum(['PUT', 'POST', 'PATCH']).default('PUT').meta({ description: 'Method of the request that moves it.' }),
  read: z
    .strictObject({
      url: Address.optional().meta({
        description: `Where the gate is read, by GET; ${PLACES}. The same url if not given.`,
      }),
      pointer: Pointer.prefault('').meta({
        description:
          'JSON Pointer (RFC 6901) to the value of the gate in the answer: the rate, or the number of replicas. ' +
          'After a move it must read what was sent. Empty: the whole answer.',
      }),
    })
    .meta({
      description:
        'How the gate is read: before it is moved, to know the way back, and to see whether somebody else moved it.',
    }),
  body: JsonValue.optional().meta({
    description:
      'What is sent, as JSON. Strings may hold `{value}` (rate, replicas, the value for paused, or on the way back the value ' +
      'before), `{action}` (throttle, pause, scale, restore), `{pipeline}`, `{stage}`, `{lease}`, `{until}` (RFC 3339), `{reason}`. ' +
      'A string that is only `{value}` becomes the value with its type. If not given: ' +
      '`{action, stage, value, rate|replicas, lease, until, reason}`.',
  }),
  paused: JsonValue.default(0).meta({ description: 'The value that means paused.' }),
  ...secretFields(
    'signing_secret',
    'Signs each request by Standard Webhooks 1.0; `whsec_` and at least 24 bytes in base64.',
  ),
  ...httpClientFields('10s'),
});

export type HttpGateConfig = z.output<typeof HttpGateConfig>;
