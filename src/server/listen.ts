import { HeadgateError } from '../domain/error.ts';

/**
 * Reads `host:port`, `[v6]:port`, `:port` (every address) or a bare port (loopback).
 *
 * @throws HeadgateError `bad-config`
 */
export function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]*)):)?(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (!match || port > 65_535)
    throw new HeadgateError(
      'bad-config',
      `listen address "${text}" is not host:port; write for example 127.0.0.1:9464`,
    );
  const host = match[1] ?? match[2];
  return { host: host === undefined ? '127.0.0.1' : host === '' ? '::' : host, port };
}

/** Why the address could not be bound, with what to do about it. */
export function listenError(address: string, cause: NodeJS.ErrnoException): HeadgateError {
  const why =
    cause.code === 'EADDRINUSE'
      ? 'is taken by another process; stop that, or choose another with server.listen'
      : cause.code === 'EACCES'
        ? 'may not be bound by this user; choose a port above 1023'
        : cause.code === 'EADDRNOTAVAIL' || cause.code === 'ENOTFOUND'
          ? 'is not an address of this machine; check server.listen'
          : `cannot be bound: ${cause.message}`;
  return new HeadgateError('bad-config', `address ${address} ${why}`, { cause });
}
