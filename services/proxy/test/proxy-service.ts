// The proxy service on a database of its own, with the steps that its tests repeat.
import request, { type Response } from 'supertest';
import { auditRules } from '@lumi/shared/ledger';
import { recoverOperations } from '@lumi/shared/operations';
import { recoverOrders } from '@lumi/shared/purchase';
import { FixedClock, type Clock } from '@lumi/shared/runtime';
import { testService, type TestAccount, type TestKey, type TestService } from '@lumi/shared/testing';
import { PROXY_RULES } from '../src/audit-rules';
import type { ProxySettings } from '../src/config';
import { endpoints, internal, wire, type WiredProxy } from '../src/wiring';

/** `audit`: audits the books, and compares the network's log and books with them. */
export interface ProxyTest extends TestService {
  readonly deps: () => WiredProxy;
  get(who: TestKey, path: string): Promise<Response>;
  send(who: TestKey, method: 'post' | 'put' | 'patch' | 'delete', path: string, body?: object): Promise<Response>;
  /** A money request, with a fresh Idempotency-Key unless one is named. */
  pay(who: TestKey, path: string, body: object, idempotencyKey?: string): Promise<Response>;
  /** Makes every open order and operation due and runs recovery over them, this many times. */
  recover(rounds?: number): Promise<void>;
  /** What the sandbox network executed for a reference, by its log. */
  executed(reference?: string): Promise<{ reference: string; command: string }[]>;
  /** A customer who has just bought proxies. */
  buyer(order?: object, balance?: string): Promise<{ who: TestAccount; body: OrderAnswer }>;
}

export interface OrderAnswer {
  readonly order: {
    readonly id: string;
    readonly state: string;
    readonly price_usd: string;
    readonly money: { readonly captured_usd: string };
  };
  readonly delivery: { readonly state: string; readonly requested: number; readonly delivered: number };
  readonly proxies: readonly {
    readonly id: string;
    readonly expires_at: string;
    readonly exit_ip: string;
    readonly username: string;
    readonly password: string;
  }[];
}

/** Of `node_local`. */
export const NODE_TOKEN = 'lnt_of_the_tests_0123456789';
export const NOW = Date.parse('2026-11-24T12:00:00Z');
export const ORDER = { product_id: 'ipv4', items: [{ country: 'XA', quantity: 2 }], period_days: 30 };

/** `more`: settings that differ, read when the service is wired. */
export function proxyTest(
  clock: Clock = new FixedClock(NOW),
  more: () => Partial<ProxySettings> = () => ({}),
): ProxyTest {
  let deps: WiredProxy | null = null;
  const wired = (): WiredProxy => {
    if (deps === null) throw new Error('the service is not wired yet');
    return deps;
  };
  const lumi = testService({
    product: 'proxy',
    clock,
    endpoints: (service) =>
      endpoints(
        (deps = wire(service, {
          SANDBOX_SLOW_MS: 1,
          PROXY_USABLE_WITHIN_MS: 0,
          PROXY_NETWORKS: new Map(),
          PROXY_UPSTREAM_TIMEOUT_MS: 1_000,
          PROXY_EXIT_REST_S: 86_400,
          PROXY_UPSTREAM_PROTOCOL: 'http',
          PROXY_LOCAL_NODE_TOKEN: NODE_TOKEN,
          ...more(),
        })),
      ),
    internal: () => internal(wired()),
  });
  afterAll(() => wired().shared.close());
  const pay: ProxyTest['pay'] = (who, path, body, key) =>
    request(lumi.app).post(path).set(lumi.asMoney(who, key)).send(body);
  return {
    ...lumi,
    deps: wired,
    pay,
    audit: async () => [...(await lumi.audit()), ...(await auditRules(lumi.service.db.platform, PROXY_RULES))],
    get: (who, path) => request(lumi.app).get(path).set(lumi.as(who)),
    send: (who, method, path, body) => request(lumi.app)[method](path).set(lumi.as(who)).send(body),
    recover: async (rounds = 1) => {
      for (let round = 0; round < rounds; round += 1) {
        await owner(
          lumi,
          `UPDATE platform.orders SET wake_at = now() - interval '1 second' WHERE state IN ('acting', 'pending')`,
        );
        await recoverOrders(lumi.service.purchases, wired().shared.things, 'proxy', 100);
        await owner(
          lumi,
          `UPDATE platform.operation SET wake_at = now() - interval '1 second' WHERE state = 'running'`,
        );
        await recoverOperations(lumi.service.purchases, wired().shared.tasks, 'proxy', 100);
      }
    },
    executed: async (reference) => {
      const { rows } = await lumi.service.db.pool.query<{ reference: string; command: string }>(
        'SELECT reference, command FROM proxy.sandbox_log WHERE $1::text IS NULL OR reference = $1 ORDER BY seq',
        [reference ?? null],
      );
      return rows;
    },
    buyer: async (order = ORDER, balance = '1000') => {
      const who = await lumi.account({ balance });
      const answer = await pay(who, '/orders', order);
      if (answer.status !== 201)
        throw new Error(`the order was answered with ${String(answer.status)}: ${answer.text}`);
      return { who, body: answer.body as OrderAnswer };
    },
  };
}

/** As the database owner: only to prepare states that no process may write. */
export async function owner(lumi: TestService, text: string, values: unknown[] = []): Promise<void> {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: lumi.database.ownerUrl });
  await client.connect();
  try {
    await client.query(text, values);
  } finally {
    await client.end();
  }
}
