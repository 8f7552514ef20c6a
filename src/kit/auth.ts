import { z } from 'zod';
import { HeadgateError } from '../domain/error.ts';
import { OAuth } from './oauth.ts';
import { type Secret, secretFields, secretOf } from './secret.ts';

const Basic = z
  .strictObject({
    username: z.string().min(1).meta({ description: 'User name.' }),
    ...secretFields('password', 'Password.'),
  })
  .refine((basic) => secretOf(basic, 'password'), { path: ['password'], message: 'set password or password_file' });

const Bearer = z
  .strictObject(secretFields('token', 'Bearer token.'))
  .refine((bearer) => secretOf(bearer, 'token'), { path: ['token'], message: 'set token or token_file' });

/** Who we are towards a watched system: one of basic, bearer and OAuth 2 client credentials. */
export const Auth = z
  .strictObject({
    basic: Basic.optional().meta({ description: 'HTTP basic authentication.' }),
    bearer: Bearer.optional().meta({ description: 'A fixed token, sent as Authorization: Bearer.' }),
    oauth: OAuth.optional().meta({
      description: 'OAuth 2.0 client credentials; tokens are fetched, kept and renewed.',
    }),
  })
  .refine(({ basic, bearer, oauth }) => [basic, bearer, oauth].filter(Boolean).length === 1, {
    message: 'set exactly one of basic, bearer and oauth',
  })
  .meta({ description: 'Credentials for the watched system.' });

export type Auth = z.output<typeof Auth>;

/** The `Authorization` header of fixed credentials; `undefined` without any, and for OAuth, whose tokens come and go. */
export function fixedAuthorization(auth: Auth | undefined): string | undefined {
  if (auth?.basic) {
    const pair = `${auth.basic.username}:${reveal(secretOf(auth.basic, 'password'))}`;
    return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }
  return auth?.bearer ? `Bearer ${reveal(secretOf(auth.bearer, 'token'))}` : undefined;
}

function reveal(secret: Secret | undefined): string {
  const text = secret?.reveal() ?? '';
  if (text === '')
    throw new HeadgateError('bad-config', 'the password or token is empty; check the file it is read from');
  return text;
}
