// The dependencies of the account endpoints.
import type { Service } from '../../house-keeping/process';

export type AccountDeps = Pick<
  Service,
  'product' | 'config' | 'db' | 'clock' | 'log' | 'cursors' | 'moneyLimits' | 'readiness'
>;

/**
 * The external parties, and which of them are sandboxes. `/me` shows them, so that callers do not take test money for
 * real money.
 */
export interface Environment {
  readonly suppliers: readonly Party[];
  readonly paymentProviders: readonly Party[];
}

export interface Party {
  readonly name: string;
  readonly isSandbox: boolean;
}
