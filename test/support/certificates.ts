import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An authority and two certificates it has signed, all made now and good for a day. */
export interface Certificates {
  readonly folder: string;
  /** Paths of PEM files. `server` is for localhost, pipeline.test and 127.0.0.1. */
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
  remove(): void;
}

/** Makes certificates with the `openssl` at `path`, so that no private key lives in the repository. About 50 ms. */
export function makeCertificates(path: string): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-certs-'));
  const file = (name: string): string => join(folder, name);
  const run = (...args: string[]): void => {
    execFileSync(path, args, { stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-days',
    '1',
    '-subj',
    '/CN=Test CA',
  );
  const signed = (name: string, extension: string) => {
    const [key, request, cert] = [file(`${name}.key`), file(`${name}.csr`), file(`${name}.pem`)] as const;
    run('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
    writeFileSync(file(`${name}.ext`), extension);
    const by = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
    run('x509', '-req', '-in', request, ...by, '-out', cert, '-days', '1', '-extfile', file(`${name}.ext`));
    return { cert, key };
  };
  return {
    folder,
    ca: file('ca.pem'),
    server: signed('server', 'subjectAltName=DNS:localhost,DNS:pipeline.test,IP:127.0.0.1'),
    client: signed('client', 'extendedKeyUsage=clientAuth'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The text of a PEM file. */
export const pemOf = (path: string): string => readFileSync(path, 'utf8');
