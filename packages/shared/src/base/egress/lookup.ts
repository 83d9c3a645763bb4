// From a target to the addresses that may be dialled for it. Every answer is judged, and one that is refused refuses
// the target: a name that leads to the public internet and to our network is an attempt at ours.
import { isIPv4 } from 'node:net';
import type { Judge, Refusal } from './judge';
import type { Family, Resolver } from './resolver';
import type { Target } from './target';

/** `family`: the target has addresses, but none of a family that was asked for. */
export type Finding =
  { readonly addresses: readonly string[] } | { readonly refusal: Refusal | 'dns' | 'dns_timeout' | 'family' };

export class Lookup {
  constructor(
    private readonly resolver: Resolver,
    private readonly judge: Judge,
  ) {}

  /** `families`: those of the exits, in the order of preference. */
  async find(target: Target, families: readonly Family[]): Promise<Finding> {
    if (target.isAddress) return this.judged([target.host], target, families);
    const answers = await Promise.all(families.map((family) => this.resolver.addresses(target.host, family)));
    const addresses = answers.flatMap((answer) => ('addresses' in answer ? answer.addresses : []));
    if (addresses.length > 0) return this.judged(addresses, target, families);
    const failures = answers.flatMap((answer) => ('failure' in answer ? [answer.failure] : []));
    const other = failures.find((failure) => failure !== 'none');
    return { refusal: other ?? ((await this.hasOther(target.host, families)) ? 'family' : 'dns') };
  }

  private judged(addresses: readonly string[], { port }: Target, families: readonly Family[]): Finding {
    const refusal = addresses.map((address) => this.judge(address, port)).find((one) => one !== null);
    if (refusal !== undefined && refusal !== null) return { refusal };
    const dialled = addresses.filter((address) => families.includes(isIPv4(address) ? 4 : 6));
    return dialled.length === 0 ? { refusal: 'family' } : { addresses: dialled };
  }

  private async hasOther(name: string, families: readonly Family[]): Promise<boolean> {
    const others = ([4, 6] as const).filter((family) => !families.includes(family));
    const answers = await Promise.all(others.map((family) => this.resolver.addresses(name, family)));
    return answers.some((answer) => 'addresses' in answer);
  }
}
