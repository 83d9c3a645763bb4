// The bucket of an address: the address itself for IPv4, its /64 for IPv6, because one customer has a whole /64.
import { isIPv6 } from 'node:net';
import { readBlock } from './ip-block';

export function addressBucket(address: string): string {
  if (!isIPv6(address)) return address;
  const [unzoned = ''] = address.split('%');
  return readBlock(`${unzoned}/64`).value?.text ?? address;
}
