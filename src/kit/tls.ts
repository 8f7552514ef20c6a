import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { HeadgateError } from '../domain/error.ts';
import type { TlsOptions } from './http-exchange.ts';
import { secretFields, secretOf } from './secret.ts';

const path = (description: string) => z.string().min(1).meta({ description }).optional();

/** How to speak TLS with a watched system. Files are read at each use, so that renewed certificates need no restart. */
export const Tls = z
  .strictObject({
    ca_file: path('PEM file of the authorities to trust, instead of those that Node.js brings.'),
    cert_file: path('PEM file of the client certificate (mTLS).'),
    ...secretFields('key', 'PEM private key of the client certificate.'),
    ...secretFields('key_passphrase', 'Passphrase of the private key.'),
    server_name: path('Name to ask for and to find in the certificate, where it differs from the host of the url.'),
    insecure_skip_verify: z
      .boolean()
      .default(false)
      .meta({
        description:
          'Accepts any certificate. WARNING: whoever is on the way can then read the credentials and forge the answers; ' +
          'set ca_file instead.',
      }),
  })
  .refine((tls) => !tls.cert_file === !secretOf(tls, 'key'), {
    path: ['cert_file'],
    message: 'a client certificate needs both cert_file and key_file (or key)',
  })
  .meta({ description: 'TLS towards the watched system.' });

export type Tls = z.output<typeof Tls>;

/**
 * The settings as Node's `tls.connect` takes them. Reads the files.
 *
 * @throws HeadgateError `bad-config` where a file cannot be read.
 */
export function tlsOptions(tls: Tls | undefined): TlsOptions {
  if (!tls) return {};
  const key = secretOf(tls, 'key')?.reveal();
  const passphrase = secretOf(tls, 'key_passphrase')?.reveal();
  return {
    ...(tls.ca_file !== undefined && { ca: pem(tls.ca_file) }),
    ...(tls.cert_file !== undefined && { cert: pem(tls.cert_file) }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(tls.server_name !== undefined && { servername: tls.server_name }),
    rejectUnauthorized: !tls.insecure_skip_verify,
  };
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HeadgateError('bad-config', `certificate file ${file} cannot be read; check path and permissions`, {
      cause,
    });
  }
}
