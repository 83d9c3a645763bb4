// Addresses that the sandbox assigns: 240.0.0.0/4 (never routed) and 2001:db8::/32 (documentation), so they cannot be
// confused with real ones. Consecutive numbers are in different subnets.
import { readAddress, readBlock } from '@lumi/shared/addresses';

export interface SandboxAddress {
  readonly exitIp: string;
  readonly subnet: string;
}

const SUBNETS = 4_096;

/** Whether the address is in the block from which it would be assigned. */
export function withSubnet(ip: string): SandboxAddress {
  const exitIp = readAddress(ip).value ?? ip;
  return { exitIp, subnet: readBlock(`${exitIp}/${exitIp.includes(':') ? '64' : '24'}`).value?.text ?? '' };
}

export function addressOf(
  family: 'ipv4' | 'ipv6',
  place: { productIndex: number; placeIndex: number },
  number: number,
): SandboxAddress {
  if (family === 'ipv6') {
    const ofPlace = (place.placeIndex * 256 + Math.floor(number / 65_536)).toString(16);
    const prefix = `2001:db8:${ofPlace}:${(number % 65_536).toString(16)}`;
    return { exitIp: readAddress(`${prefix}::1`).value ?? '', subnet: readBlock(`${prefix}::/64`).value?.text ?? '' };
  }
  const block = place.productIndex * 2 ** 25 + place.placeIndex * 2 ** 20 + (number % SUBNETS) * 256;
  const octets = [240 + Math.floor(block / 2 ** 24), Math.floor(block / 2 ** 16) % 256, Math.floor(block / 256) % 256];
  return {
    exitIp: [...octets, 1 + (Math.floor(number / SUBNETS) % 254)].join('.'),
    subnet: `${octets.join('.')}.0/24`,
  };
}
