// Fees of names, as amounts of one year.
import type { Units } from '@lumi/shared/money';

/** The fee of one command per year. Premium names have fees of their own. */
export interface Fees {
  readonly register: Units;
  readonly renew: Units;
  readonly transfer: Units;
  readonly restore: Units;
}

/** One year at the first fee, each further year at the renewal fee. */
export function feeForYears(first: Units, renew: Units, years: number): Units {
  return first + renew * BigInt(years - 1);
}
