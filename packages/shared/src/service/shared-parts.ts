// What every product base carries beside its own endpoints: account, deposits and operator routes, their documentation tags, and
// the loops a worker runs for them. A product's wiring adds its own to these.
import { ACCOUNT_TAGS, accountEndpoints, type Party } from '../account';
import { ADMIN_TAGS, adminEndpoints, stuckEndpoints } from '../admin';
import { depositEndpoints, depositLoop, openPaymentProviders } from '../deposits';
import type { Endpoint } from '../endpoint';
import { forgetOldClaims } from '../idempotency';
import type { Sql } from '../db';
import { recoverOrders, type AnyThingSold } from '../purchase';
import { BOOK_RULES, checkOfBooks, checkOfDeposits, checkOfRules, listBreaches, reconciliationLoop } from '../reconciliation';
import type { ApiDescription, Loop, Service } from '../frame';

export interface SharedParts {
  readonly endpoints: readonly Endpoint[];
  readonly loops: readonly Loop[];
  close(): Promise<void>;
}

/** Tags of the endpoints below, for every product's OpenAPI document. */
export const SHARED_TAGS: ApiDescription['tags'] = [
  ...ACCOUNT_TAGS,
  { name: 'Deposits', description: 'Top up the balance.' },
  { name: 'Callbacks', description: 'Called by payment providers and payers, without a key.' },
  ...ADMIN_TAGS,
];

export interface ProductParts {
  readonly suppliers: readonly Party[];
  readonly things: readonly AnyThingSold[];
  /** What a look-up needs to have been loaded. */
  readonly ready?: () => Promise<unknown>;
  /** What must be true between the product's rows and its supplier's own log; looked at on a schedule. */
  readonly auditRules?: readonly (readonly [string, Sql])[];
}

const RECOVERY_ROUND = 20;
const RECOVERY_EVERY_MS = 500;
const FORGET_EVERY_MS = 600_000;

export function sharedParts(service: Service, product: ProductParts): SharedParts {
  const { config, db, clock, log } = service;
  const providers = openPaymentProviders({
    db: db.platform, product: service.product, publicUrl: config.PUBLIC_URL, cryptoPayUrl: config.CRYPTO_PAY_URL, cryptoPayToken: config.CRYPTO_PAY_TOKEN, sandbox: config.SANDBOX_PAYMENTS,
  });
  const deposits = { db, clock, log, providers, defaultCap: config.DEFAULT_DAILY_CAP_USD };
  const paymentProviders = providers.all().map(({ terms }) => ({ name: terms.provider, isSandbox: terms.provider === 'sandbox' || !isRealCryptoPay(config.CRYPTO_PAY_URL) }));
  const things = new Map(product.things.map((thing) => [thing.kind, thing]));
  return {
    endpoints: [
      ...accountEndpoints(service, { suppliers: product.suppliers, paymentProviders }),
      ...depositEndpoints({ ...deposits, cursors: service.cursors }),
      ...adminEndpoints(service), ...stuckEndpoints(service, things),
      listBreaches(service),
    ],
    loops: [
      {
        name: 'order-recovery', everyMs: RECOVERY_EVERY_MS,
        run: async () => {
          await product.ready?.();
          return (await recoverOrders(service.purchases, things, service.product, RECOVERY_ROUND)).taken === RECOVERY_ROUND;
        },
      },
      depositLoop(deposits),
      { name: 'forget-claims', everyMs: FORGET_EVERY_MS, run: () => forgetOldClaims(db.platform) },
      reconciliationLoop(service, [
        checkOfBooks(db.platform, BOOK_RULES), checkOfDeposits(deposits), ...(product.auditRules === undefined ? [] : [checkOfRules(service.product, db.platform, product.auditRules)]),
      ]),
    ],
    close: () => providers.close(),
  };
}

/** The double and the provider's own test network take test coins; only the real host takes money. */
function isRealCryptoPay(url: string | undefined): boolean {
  return url !== undefined && new URL(url).hostname === 'pay.crypt.bot';
}
