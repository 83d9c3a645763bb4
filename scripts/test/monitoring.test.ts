// What a purchase, refusals and a worker leave in the metrics, through the gateway and all three services.
import { randomBytes } from 'node:crypto';
import { registry } from '@lumi/shared/monitoring';
import { wholeWay } from './whole-way';

const lumi = wholeWay();

afterEach(async () => {
  expect(await lumi.breaches()).toEqual([]);
});

/** The value of one series; 0 when there is none. The labels are matched in any order. */
async function value(name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
  const found = lines.filter((line) =>
    Object.entries(labels).every(([label, wanted]) => line.includes(`${label}="${wanted}"`)),
  );
  return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** How much the series grow during `work`. */
async function growth<K extends string>(
  series: Readonly<Record<K, readonly [string, Readonly<Record<string, string>>]>>,
  work: () => Promise<unknown>,
): Promise<Record<K, number>> {
  const read = async () =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(series).map(async ([key, one]) => [
          key,
          await value(...(one as [string, Record<string, string>])),
        ]),
      ),
    ) as Record<K, number>;
  const before = await read();
  await work();
  const after = await read();
  return Object.fromEntries(Object.keys(series).map((key) => [key, after[key as K] - before[key as K]])) as Record<
    K,
    number
  >;
}

describe('a purchase', () => {
  it('that succeeds counts its request, its limits, its hold, its capture and the call of the supplier', async () => {
    const who = await lumi.buyer({ balance: '100' });
    const kind = 'domain_register';
    const grown = await growth(
      {
        gateway: [
          'lumi_gateway_requests_total',
          { product: 'domains', operation: 'buy-domain', status: '201', code: 'none' },
        ],
        service: [
          'lumi_service_requests_total',
          { product: 'domains', operation: 'buy-domain', status: '201', code: 'none' },
        ],
        timed: ['lumi_gateway_request_seconds_count', { product: 'domains', operation: 'buy-domain', class: '2xx' }],
        held: ['lumi_money_steps_total', { product: 'domains', kind, step: 'held' }],
        captured: ['lumi_money_steps_total', { product: 'domains', kind, step: 'captured' }],
        released: ['lumi_money_steps_total', { product: 'domains', kind, step: 'released' }],
        supplier: [
          'lumi_supplier_calls_total',
          { product: 'domains', supplier: 'sandbox', call: 'execute', outcome: 'ok' },
        ],
        regular: ['lumi_limit_decisions_total', { limit: 'regular', decision: 'allowed' }],
        money: ['lumi_limit_decisions_total', { limit: 'money', decision: 'allowed' }],
        keyRead: ['lumi_gateway_key_lookups_total', { result: 'read' }],
      },
      () => lumi.buy(who, { domain: 'counted.test' }),
    );
    expect(grown).toEqual({
      gateway: 1,
      service: 1,
      timed: 1,
      held: 1,
      captured: 1,
      released: 0,
      supplier: 1,
      regular: 1,
      money: 1,
      keyRead: 1,
    });
  });

  it('that the supplier refuses counts its release, and one without balance the reason', async () => {
    const [who, poor] = [await lumi.buyer({ balance: '100' }), await lumi.buyer({ balance: '0' })];
    const grown = await growth(
      {
        held: ['lumi_money_steps_total', { product: 'domains', step: 'held' }],
        released: ['lumi_money_steps_total', { product: 'domains', step: 'released' }],
        refused: ['lumi_supplier_calls_total', { product: 'domains', call: 'execute', outcome: 'refused' }],
        poor: ['lumi_hold_refusals_total', { product: 'domains', reason: 'balance' }],
        poorRequest: [
          'lumi_gateway_requests_total',
          { operation: 'buy-domain', status: '402', code: 'insufficient_balance' },
        ],
      },
      async () => {
        await lumi.buy(who, { domain: 'refused-after-hold.test' });
        await lumi.buy(poor, { domain: 'no-money.test' });
      },
    );
    expect(grown).toEqual({ held: 1, released: 1, refused: 1, poor: 1, poorRequest: 1 });
  });

  it('whose outcome is unknown counts that, and its end by recovery', async () => {
    const who = await lumi.buyer({ balance: '100' });
    const grown = await growth(
      {
        unknown: ['lumi_money_steps_total', { product: 'domains', step: 'unknown' }],
        takenOver: ['lumi_money_steps_total', { product: 'domains', step: 'taken_over' }],
        captured: ['lumi_money_steps_total', { product: 'domains', step: 'captured' }],
      },
      async () => {
        expect((await lumi.buy(who, { domain: 'timeout-after-success-watched.test' })).status).toBe(202);
        await lumi.round('domains');
      },
    );
    expect(grown).toEqual({ unknown: 1, takenOver: 1, captured: 1 });
  });
});

describe('a refusal', () => {
  it('counts under the stage of the gateway that refused', async () => {
    const who = await lumi.buyer({ balance: '1' });
    const stage = (name: string, code: string) => ['lumi_gateway_refusals_total', { stage: name, code }] as const;
    const grown = await growth(
      {
        product: stage('product', 'not_found'),
        bearer: stage('authenticate', 'missing_bearer'),
        key: stage('authenticate', 'invalid_key'),
        route: stage('route', 'not_found'),
        idempotency: stage('idempotency-key', 'idempotency_key_required'),
        unknownPath: [
          'lumi_gateway_requests_total',
          { product: 'none', operation: 'none', status: '404', code: 'not_found' },
        ],
        services: ['lumi_service_requests_total', {}],
      },
      async () => {
        await lumi.send('GET', `/nowhere/${randomBytes(8).toString('hex')}`);
        await lumi.send('GET', '/api/v1/me');
        await lumi.send('GET', '/api/v1/me', { key: `${who.key}x` });
        await lumi.get(who, `/api/v1/${randomBytes(8).toString('hex')}`);
        await lumi.send('POST', '/api/v1/domains', { key: who.key, body: '{"domain":"a.test"}' });
      },
    );
    expect(grown).toMatchObject({ product: 1, bearer: 1, key: 1, route: 1, idempotency: 1, unknownPath: 1 });
  });
});

describe('the metrics', () => {
  it('hold no key, secret, name or id of a caller, and no value that a caller chose', async () => {
    const who = await lumi.buyer({ balance: '100', signing: 'v1' });
    const canary = `canary${randomBytes(6).toString('hex')}`;
    await lumi.buy(who, { domain: `${canary}.test` }, `${canary}-key`);
    await lumi.send('GET', `/api/v1/${canary}?${canary}=1`, {
      key: who.key,
      headers: { 'x-signature': canary, 'user-agent': canary },
    });
    await lumi.send('POST', '/api/v1/domains', { key: canary, body: canary });
    const text = await registry.metrics();
    for (const secret of [canary, who.key, who.keyId, who.accountId, who.signingSecret ?? canary])
      expect(text).not.toContain(secret);
    expect(text).not.toMatch(/(usr|key|ord|op|req|trf)_[0-9a-z]{20}|lumi_(domains|vps|proxy)_[A-Za-z0-9]{16}/);
    expect(text).not.toMatch(/:\/\//);
  });

  it('count jobs and rounds of loops of a worker, and the depth of its queue', async () => {
    const who = await lumi.buyer({ balance: '100' });
    const names = Array.from({ length: 12 }, (_, n) => ({ domain: `bulk-${String(n)}.test` })); // ten are done at once
    expect((await lumi.pay(who, '/domains/bulk', { items: names })).status).toBe(202);
    let depth = '';
    const grown = await growth(
      {
        jobs: ['lumi_jobs_total', { product: 'domains', outcome: 'done' }],
        rounds: ['lumi_loop_rounds_total', { product: 'domains', loop: 'order-recovery', outcome: 'done' }],
      },
      () =>
        lumi.working('domains', async () => {
          depth = await registry.getSingleMetricAsString('lumi_queue_jobs');
          const { rows } = await lumi.owner.query<{ bought: string }>(
            `SELECT count(*) AS bought FROM platform.orders WHERE account_id = $1 AND state = 'captured'`,
            [who.accountId],
          );
          return rows[0]?.bought === '12' && depth.includes('product=');
        }),
    );
    expect(grown.jobs).toBeGreaterThan(0);
    expect(grown.rounds).toBeGreaterThan(0);
    for (const state of ['waiting', 'active', 'delayed'])
      expect(depth).toMatch(new RegExp(`^lumi_queue_jobs\\{product="domains",state="${state}"\\} \\d+$`, 'm'));
    expect(await registry.getSingleMetricAsString('lumi_queue_jobs')).not.toContain('product=');
  });

  it('are few: a product has one series for each operation and outcome', async () => {
    const text = await registry.metrics();
    expect(text.split('\n').filter((line) => !line.startsWith('#')).length).toBeLessThan(3_000);
  });
});
