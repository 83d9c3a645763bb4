// The payment providers of a deployment, from its settings.
import { BASE_PATHS, type Product } from '../../ground/contract';
import type { SqlRunner } from '../../base/db';
import { CryptoPay } from './crypto-pay';
import { PaymentProviders, type PaymentProvider } from './provider';
import { SandboxPay } from './sandbox-pay';

export interface ProviderSettings {
  readonly db: SqlRunner;
  readonly product: Product;
  /** Where callers reach the gateway, without a trailing slash. */
  readonly publicUrl: string;
  /** Both or neither. */
  readonly cryptoPayUrl?: string | undefined;
  readonly cryptoPayToken?: string | undefined;
  /** Test money: never enable it where a balance is worth real money. */
  readonly sandbox: boolean;
}

/** `cryptobot` first, because it is the provider of the contract's example. */
export function openPaymentProviders(settings: ProviderSettings): PaymentProviders {
  const { cryptoPayUrl, cryptoPayToken, publicUrl, product } = settings;
  const providers: PaymentProvider[] = [];
  if (cryptoPayUrl !== undefined && cryptoPayToken !== undefined)
    providers.push(new CryptoPay({ url: cryptoPayUrl, token: cryptoPayToken }));
  if (settings.sandbox)
    providers.push(new SandboxPay(settings.db, (token) => `${publicUrl}${BASE_PATHS[product]}/sandbox/pay/${token}`));
  return new PaymentProviders(providers);
}
