// What the account endpoints need of a service.
import type { Service } from '../process';

export type AccountDeps = Pick<Service, 'product' | 'config' | 'db' | 'clock' | 'log' | 'cursors' | 'moneyLimits'>;

/** Which of the outside parties are real. Told by `/me`, so that nobody takes test money for money. */
export interface Environment {
  readonly suppliers: readonly Party[];
  readonly paymentProviders: readonly Party[];
}

export interface Party {
  readonly name: string;
  readonly isSandbox: boolean;
}
