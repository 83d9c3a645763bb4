// Addresses that the sandbox assigns. IPv4: 127.64.0.0/10, each once (the database counts them), which a node on the
// same machine can bind and which lead nowhere else. IPv6: 2001:db8::/32 (documentation). Consecutive numbers are in
// different subnets.
import { withSubnet, type AddressWithSubnet } from '../subnet';

export function ipv6Address(place: { productIndex: number; placeIndex: number }, number: number): AddressWithSubnet {
  const ofPlace = (place.placeIndex * 256 + Math.floor(number / 65_536)).toString(16);
  return withSubnet(`2001:db8:${ofPlace}:${(number % 65_536).toString(16)}::1`);
}

const POOL_SUBNETS = 4_096;

/** Exit `number` of a pool: in 127.112.0.0/12, which no proxy has. */
export function poolAddress(number: number): string {
  const [subnet, host] = [number % POOL_SUBNETS, 1 + Math.floor(number / POOL_SUBNETS)];
  return `127.${String(112 + Math.floor(subnet / 256))}.${String(subnet % 256)}.${String(host)}`;
}
