// An address with the subnet that customers see beside it: its /24, of IPv6 its /64.
import { readAddress, readBlock } from '@lumi/shared/addresses';

export interface AddressWithSubnet {
  readonly exitIp: string;
  readonly subnet: string;
}

export function withSubnet(ip: string): AddressWithSubnet {
  const exitIp = readAddress(ip).value ?? ip;
  return { exitIp, subnet: readBlock(`${exitIp}/${exitIp.includes(':') ? '64' : '24'}`).value?.text ?? '' };
}
