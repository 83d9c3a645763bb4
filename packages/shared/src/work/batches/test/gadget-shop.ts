// A product that sells gadgets in bulk, for the tests of batches: a real service on a real database, and a supplier
// whose endings follow from names. Call `gadgetShop()` at the top of a test file; the books are audited after every
// test.
import request from 'supertest';
import { z } from 'zod';
import { AppError } from '../../../ground/contract';
import { parseUsd } from '../../../ground/money';
import {
  costLine,
  purchaseFields,
  recoverOrders,
  thingSold,
  viewOrder,
  type LookUp,
  type Outcome,
} from '../../purchase';
import { startWork, type Work } from '../../../house-keeping/service';
import { testService, until, type TestAccount } from '../../../testing';
import { batchParts, bulkKind, type BatchParts } from '..';

type Gadget = { readonly name: string };
type Serial = { readonly serial: string };

/** A supplier that executes one reference once; the name selects its ending. */
const supplier = {
  executed: new Map<string, string>(), // order id → name
  /** Runs before anything is executed. */
  beforeAct: (_name: string): Promise<void> => Promise.resolve(),
  /** Names whose outcome is unknown at the moment. */
  silent: new Set<string>(),
  order: [] as string[],
};

function execute(orderId: string, name: string): Outcome<Serial> {
  if (name.startsWith('refuse')) return { kind: 'refused', code: 'not_available' };
  if (!supplier.executed.has(orderId)) supplier.order.push(name);
  supplier.executed.set(orderId, name);
  return { kind: 'done', result: { serial: `serial of ${name}` } };
}

const gadget = thingSold<Gadget, Serial>({
  kind: 'gadget',
  termsNow: 'fixed',
  describe: (order) => `Gadget ${order.item.name}`,
  act: async (order) => {
    await supplier.beforeAct(order.item.name);
    const outcome = execute(order.id, order.item.name);
    return supplier.silent.has(order.item.name) ? { kind: 'unknown' } : outcome;
  },
  lookUp: (order): Promise<LookUp<Serial>> => {
    if (supplier.silent.has(order.item.name)) return Promise.resolve({ kind: 'unknown' });
    return Promise.resolve(supplier.executed.has(order.id) ? execute(order.id, order.item.name) : { kind: 'absent' });
  },
  deliver: () => [],
  answer: (order, result) => ({ status: 201, body: { serial: result.serial, order: viewOrder(order) } }),
  events: () => [],
});

const gadgets = bulkKind({
  id: 'bulk-gadgets',
  path: '/gadgets/bulk',
  tag: 'Test',
  summary: 'Buy gadgets',
  description: 'For tests.',
  item: z.object({ name: z.string().min(1).max(64), price: z.string().optional(), ...purchaseFields }),
  itemExample: { name: 'a' },
  about: 'name',
  identify: ({ name }) => ({ subject: name.toLowerCase(), once: name.startsWith('any') ? null : name.toLowerCase() }),
  prepare: (_accountId, bodies) =>
    Promise.resolve(
      bodies.map(({ name, price }) => {
        if (name.startsWith('nothing')) return new AppError('not_found');
        return {
          thing: gadget,
          item: { name },
          subject: name.toLowerCase(),
          lockKey: null,
          terms: { facts: { name }, cost: [costLine('Gadget', parseUsd(price ?? '1.00'))] },
          refusal: name.startsWith('sold') ? new AppError('out_of_stock') : null,
        };
      }),
    ),
});

export function names(count: number, prefix = 'g'): { name: string }[] {
  return Array.from({ length: count }, (_, i) => ({ name: `${prefix}-${String(i)}` }));
}

export function gadgetShop() {
  // 500 purchases take time on a machine that runs other test files at once.
  jest.setTimeout(120_000);
  let parts: BatchParts;
  const shop = testService({
    product: 'vps',
    endpoints: (service) => {
      parts = batchParts(service, [gadgets]);
      return parts.endpoints;
    },
  });
  const { service, app } = shop;
  const kinds = new Map([[gadgets.id, gadgets]]);
  const things = new Map([[gadget.kind, gadget]]);
  const workers: Work[] = [];

  function startWorker(): Work {
    return startWork(service, parts.loops, parts.jobs);
  }

  /** Stopped at the end of the test. */
  function worker(): Work {
    const work = startWorker();
    workers.push(work);
    return work;
  }

  function bulk(who: TestAccount, body: object, options: { key?: string; prefer?: string } = {}) {
    const sent = request(app).post('/gadgets/bulk').set(shop.asMoney(who, options.key));
    return (options.prefer === undefined ? sent : sent.set('Prefer', options.prefer)).send(body);
  }

  async function batchOf(
    who: TestAccount,
    id: string,
    query = '',
  ): Promise<
    {
      status: string;
      ok: number;
      failed: number;
      pending: number;
      items: { ref: string; status: string; error?: { code: string; message: string } }[];
    } & Record<string, unknown>
  > {
    const { body } = await request(app).get(`/batches/${id}${query}`).set(shop.as(who)).expect(200);
    return body as Awaited<ReturnType<typeof batchOf>>;
  }

  async function finished(
    who: TestAccount,
    id: string,
    timeoutMs = 100_000,
  ): Promise<Awaited<ReturnType<typeof batchOf>>> {
    return until(
      async () => {
        const batch = await batchOf(who, id);
        return batch['finished_at'] !== null && batch;
      },
      { timeoutMs },
    );
  }

  async function owner(statement: string): Promise<void> {
    const { Client } = await import('pg');
    const client = new Client({ connectionString: shop.database.ownerUrl });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  }

  async function recoverNow(): Promise<void> {
    await owner(`UPDATE platform.orders SET wake_at = now() WHERE state IN ('acting', 'pending')`);
    await recoverOrders(service.purchases, things, 'vps');
  }

  async function flushQueue(): Promise<void> {
    if (service.config.REDIS_URL === undefined) {
      await owner('TRUNCATE queue.job CASCADE; TRUNCATE queue.dedup CASCADE');
      return;
    }
    const { Redis } = await import('ioredis');
    // All nodes of a cluster; the queue is on one of them.
    for (const node of service.config.REDIS_URL.split(',')) {
      const redis = new Redis(node);
      const keys = await redis.keys(`*${service.config.REDIS_PREFIX}-queue*`);
      if (keys.length > 0) await redis.del(...keys);
      redis.disconnect();
    }
  }

  beforeEach(() => {
    supplier.beforeAct = () => Promise.resolve();
    supplier.silent.clear();
    supplier.order.length = 0;
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((work) => work.stop()));
    expect(await shop.audit()).toEqual([]);
  });
  return {
    shop,
    service,
    app,
    supplier,
    gadgets,
    kinds,
    startWorker,
    worker,
    bulk,
    batchOf,
    finished,
    owner,
    recoverNow,
    flushQueue,
  };
}
