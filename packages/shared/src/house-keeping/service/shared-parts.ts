// What every product base carries beside its own endpoints: account, deposits and operator routes; quotes, bulks,
// summary, forecast and renewals by itself of what the product sells; their documentation tags; and the loops and jobs
// of the worker. A product says only what is its own: what it sells, how it is priced, and what time does to it.
import { ACCOUNT_TAGS, accountEndpoints, accountNotesLoop, type Party } from '../../counter/account';
import { ADMIN_TAGS, adminEndpoints, stuckEndpoints } from '../admin';
import { BATCH_TAGS, batchParts, type BulkKind } from '../../work/batches';
import { sql, type Sql } from '../../base/db';
import { depositEndpoints, depositLoop, openPaymentProviders } from '../../counter/deposits';
import type { Endpoint } from '../../counter/endpoint';
import { forecastRenewals, summaryEndpoint, type Summary } from '../../counter/forecast';
import { isRealCryptoPay, type ApiDescription, type Loop, type Service } from '../process';
import { Outbound, openResolver } from '../../base/egress';
import type { JobDefinition } from '../../work/jobs';
import { AUTO_RENEW_TAG, autoRenewEndpoints, lifecycleLoops, type LifecycleSource } from '../../work/lifecycle';
import { forgetSecrets, recoverOperations, type AnyOperationKind } from '../../work/operations';
import { recoverOrders, type AnyThingSold } from '../../work/purchase';
import { QUOTES_TAG, quoteEndpoints, type QuoteOperations } from '../../counter/quotes';
import {
  BOOK_RULES,
  checkOfBooks,
  checkOfDeposits,
  checkOfRules,
  listBreaches,
  reconciliationLoop,
} from '../reconciliation';
import { retentionLoop } from '../retention';
import { WEBHOOK_TAG, webhookEndpoints, webhookLoops } from '../../work/webhooks';

export interface SharedParts {
  readonly things: ReadonlyMap<string, AnyThingSold>;
  readonly tasks: ReadonlyMap<string, AnyOperationKind>;
  /** They come before the product's own: `/domains/summary` before `/domains/{domain}`. */
  readonly endpoints: readonly Endpoint[];
  readonly loops: readonly Loop[];
  /** The jobs that the queue wakes the worker for. */
  readonly jobs: readonly JobDefinition[];
  close(): Promise<void>;
}

/** Tags of the endpoints below, for every product's OpenAPI document. */
const SHARED_TAGS: NonNullable<ApiDescription['tags']> = [
  QUOTES_TAG,
  AUTO_RENEW_TAG,
  ...BATCH_TAGS,
  ...ACCOUNT_TAGS,
  WEBHOOK_TAG,
  { name: 'Deposits', description: 'Top up the balance.' },
  { name: 'Callbacks', description: 'Called by payment providers and payers, without a key.' },
  ...ADMIN_TAGS,
];

/** The description of a product's document: its own tags, followed by those of the shared endpoints. */
export function describeApi(api: Omit<ApiDescription, 'version'>): ApiDescription {
  return { ...api, version: '1.0.0', tags: [...(api.tags ?? []), ...SHARED_TAGS] };
}

export interface ProductParts {
  readonly suppliers: readonly Party[];
  /** What is sold. */
  readonly things: readonly AnyThingSold[];
  /** The free operations at the supplier. */
  readonly tasks?: readonly AnyOperationKind[];
  readonly quotes: { readonly operations: QuoteOperations; readonly example: unknown };
  readonly bulk: readonly BulkKind[];
  /** The objects that expire. */
  readonly lifecycles: readonly LifecycleSource[];
  readonly summary: Summary;
  /** Loads the data that a look-up needs. */
  readonly ready?: () => Promise<unknown>;
  /** Audit rules between the product's rows and its supplier's own log, checked on a schedule. */
  readonly auditRules?: readonly (readonly [string, Sql])[];
}

const RECOVERY_ROUND = 20;
const SECRETS_ROUND = 500;
const SECRETS_EVERY_MS = 30_000;
const RECOVERY_EVERY_MS = 500;

export function sharedParts(service: Service, product: ProductParts): SharedParts {
  const { config, db, clock, log } = service;
  const providers = openPaymentProviders({
    db: db.platform,
    product: service.product,
    publicUrl: config.PUBLIC_URL,
    cryptoPayUrl: config.CRYPTO_PAY_URL,
    cryptoPayToken: config.CRYPTO_PAY_TOKEN,
    sandbox: config.SANDBOX_PAYMENTS,
  });
  const deposits = { db, clock, log, providers, defaultCap: config.DEFAULT_DAILY_CAP_USD };
  const paymentProviders = providers.all().map(({ terms }) => ({
    name: terms.provider,
    isSandbox: terms.provider === 'sandbox' || !isRealCryptoPay(config.CRYPTO_PAY_URL),
  }));
  const things = new Map(product.things.map((thing) => [thing.kind, thing]));
  const tasks = new Map((product.tasks ?? []).map((task) => [task.kind, task]));
  const outbound = new Outbound({ resolver: openResolver(), networks: config.WEBHOOK_ALLOW_NETWORKS });
  const webhooks = { ...service, outbound };
  const bulk = batchParts(service, product.bulk);
  return {
    things,
    tasks,
    endpoints: [
      ...bulk.endpoints,
      ...quoteEndpoints(service, product.quotes.operations, product.quotes.example),
      summaryEndpoint(service, product.summary),
      forecastRenewals(
        service,
        product.lifecycles.filter(({ renewals }) => renewals !== undefined),
      ),
      ...autoRenewEndpoints(service),
      ...accountEndpoints(service, { suppliers: product.suppliers, paymentProviders }),
      ...webhookEndpoints(webhooks),
      ...depositEndpoints({ ...deposits, cursors: service.cursors }),
      ...adminEndpoints(service),
      ...stuckEndpoints(service, { things, tasks }),
      listBreaches(service),
    ],
    loops: [
      {
        name: 'order-recovery',
        everyMs: RECOVERY_EVERY_MS,
        due: () => sql`EXISTS (SELECT 1 FROM platform.orders
          WHERE product = ${service.product} AND state IN ('acting', 'pending') AND wake_at <= now())`,
        run: async () => {
          await product.ready?.();
          return (
            (await recoverOrders(service.purchases, things, service.product, RECOVERY_ROUND)).taken === RECOVERY_ROUND
          );
        },
      },
      ...(tasks.size === 0
        ? []
        : [
            {
              name: 'operation-recovery',
              everyMs: RECOVERY_EVERY_MS,
              due: () => sql`EXISTS (SELECT 1 FROM platform.operation
                WHERE product = ${service.product} AND state = 'running' AND wake_at <= now())`,
              run: async () =>
                (await recoverOperations(service.purchases, tasks, service.product, RECOVERY_ROUND)) === RECOVERY_ROUND,
            },
            {
              name: 'forget-secrets',
              everyMs: SECRETS_EVERY_MS,
              run: async () => (await forgetSecrets(db.platform, SECRETS_ROUND)) === SECRETS_ROUND,
            },
          ]),
      ...bulk.loops,
      ...product.lifecycles.flatMap((source) => lifecycleLoops(service, source)),
      depositLoop(deposits),
      accountNotesLoop(service),
      ...webhookLoops(webhooks),
      retentionLoop(service),
      reconciliationLoop(service, [
        checkOfBooks(service.admin.platform, BOOK_RULES),
        checkOfDeposits(service.product, deposits),
        ...(product.auditRules === undefined ? [] : [checkOfRules(service.product, db.platform, product.auditRules)]),
      ]),
    ],
    jobs: bulk.jobs,
    close: () => providers.close(),
  };
}
