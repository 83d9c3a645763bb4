// Why an address and a port may not be dialled. What is not known to be an address of the public internet is refused,
// and so are the addresses of our own machines, public or not.
import { isPublicAddress } from '../../ground/addresses';
import type { Allowed, Ports } from './ports';
import { remembered } from './remembered';

/** `own`: of this machine or of another one of ours; `address`: not of the public internet. */
export type Refusal = 'port' | 'own' | 'address';

/** The address must be canonical; null: it may be dialled. */
export type Judge = (address: string, port: number) => Refusal | null;

export interface JudgeRules {
  readonly refused: Ports;
  readonly allowed: Allowed;
  /** Asked at each judgement, because addresses come and go. */
  isOwn(address: string): boolean;
}

export function judgeOf({ refused, allowed, isOwn }: JudgeRules): Judge {
  const isPublic = remembered(isPublicAddress);
  return (address, port) => {
    if (allowed.has(address, port)) return null;
    if (refused.has(port)) return 'port';
    if (isOwn(address)) return 'own';
    return isPublic(address) ? null : 'address';
  };
}
