import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { HeadgateError } from '../domain/error.ts';

// Link-local networks hold the metadata services of clouds, which hand credentials to whoever asks. No watched system and no
// receiver lives there.
const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4');
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6');
FORBIDDEN.addSubnet('fd00:ec2::', 32, 'ipv6');

/** True for an address literal nothing may connect to; false for names, which `guardedLookup` checks once they are resolved. */
export function forbiddenAddress(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  const family = isIP(bare);
  if (family === 0) return false;
  return FORBIDDEN.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}

type Callback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** `dns.lookup` that refuses forbidden addresses; the connection goes to the very address that was checked. */
export function guardedLookup(host: string, options: LookupOptions, callback: Callback): void {
  lookup(host, options, (error, address: string | LookupAddress[], family?: number) => {
    if (error) return callback(error, address, family);
    const all = typeof address === 'string' ? [address] : address.map((one) => one.address);
    const bad = all.find(forbiddenAddress);
    if (bad === undefined) return callback(null, address, family);
    const message = `${host} resolves to ${bad}; link-local and metadata addresses are never asked`;
    callback(new HeadgateError('bad-config', message), [], 0);
  });
}
