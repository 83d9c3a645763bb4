// Lumi's promises from a caller's view: through the gateway, over HTTP, with the books audited after each test.
import { createHmac, randomBytes } from 'node:crypto';
import { wholeWay, type Answer } from './whole-way';

const lumi = wholeWay();

afterEach(async () => {
  expect(await lumi.breaches()).toEqual([]);
});

const statuses = (answers: readonly Answer[]): Record<string, number> =>
  Object.fromEntries(
    [...new Set(answers.map(({ status }) => status))]
      .sort()
      .map((status) => [status, answers.filter((answer) => answer.status === status).length]),
  );
const codes = (answers: readonly Answer[]): Set<string> =>
  new Set(
    answers.filter(({ status }) => status >= 400).map(({ body }) => (body as { error: { code: string } }).error.code),
  );
const many = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

describe('an Idempotency-Key with any allowed characters', () => {
  const KEYS = [
    'orders/2026/1',
    'a%2Fb-%zz-100%',
    'what?is=this&x',
    '#fragment-1',
    '../../admin',
    '..;/..;/x',
    'plus+plus+1',
    'back\\slash',
    '"quoted"<>',
    "it's;---",
    '{braces}|~^`',
    '%2e%2e%2f..',
    'x'.repeat(200),
    '/'.repeat(8),
  ];

  it('shows how its purchase ended, in the path and in the query', async () => {
    const who = await lumi.buyer({ balance: '100' });
    for (const [n, idempotencyKey] of KEYS.entries()) {
      expect([
        idempotencyKey,
        (await lumi.buy(who, { domain: `any-key-${String(n)}.test` }, idempotencyKey)).status,
      ]).toEqual([idempotencyKey, 201]);
      for (const path of [
        `/requests/${encodeURIComponent(idempotencyKey)}`,
        `/requests?idempotency_key=${encodeURIComponent(idempotencyKey)}`,
      ]) {
        const { status, body } = await lumi.send('GET', `/api/v1${path}`, { key: who.key });
        expect([path, status, body]).toEqual([
          path,
          200,
          expect.objectContaining({ idempotency_key: idempotencyKey, state: 'done', status_code: 201 }),
        ]);
      }
    }
  });

  it('is found with a plus that the query did not encode', async () => {
    const who = await lumi.buyer({ balance: '100' });
    await lumi.buy(who, { domain: 'unencoded-plus.test' }, 'plus+plus+2');
    expect(
      (await lumi.send('GET', '/api/v1/requests?idempotency_key=plus+plus+2', { key: who.key })).body,
    ).toMatchObject({ idempotency_key: 'plus+plus+2', state: 'done' });
  });
});

describe('purchases at the same time', () => {
  it('buys one domain for 200 identical requests, charges once and gives all the same answer', async () => {
    const who = await lumi.buyer({ balance: '10' });
    const answers = await many(200, () => lumi.buy(who, { domain: 'identical.test', years: 1 }, 'identical-0001'));
    const bought = answers.filter(({ status }) => status === 201);
    expect(new Set(answers.map(({ status }) => status)).size).toBeLessThanOrEqual(2);
    expect(
      bought.length +
        answers.filter(
          ({ status, body }) => status === 409 && (body as { error: { code: string } }).error.code === 'in_progress',
        ).length,
    ).toBe(200);
    expect(new Set(bought.map(({ text }) => text)).size).toBe(1);
    expect(bought.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1);
    expect(await lumi.money(who.accountId)).toEqual({ balance: '9.00', held: '0.00' });
    const again = await lumi.buy(who, { domain: 'identical.test', years: 1 }, 'identical-0001');
    expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([201, bought[0]?.text, 'true']);
  });

  it('sells exactly ten of 100 different purchases when the balance suffices for ten', async () => {
    const who = await lumi.buyer({ balance: '10' });
    const answers = await many(100, (i) => lumi.buy(who, { domain: `different-${String(i)}.test` }));
    expect(statuses(answers)).toEqual({ 201: 10, 402: 90 });
    expect(codes(answers)).toEqual(new Set(['insufficient_balance']));
    expect(await lumi.money(who.accountId)).toEqual({ balance: '0.00', held: '0.00' });
  });

  it('makes exactly five of 50 purchases when the cap allows five', async () => {
    const who = await lumi.buyer({ balance: '100', cap: '5' });
    const answers = await many(50, (i) => lumi.buy(who, { domain: `capped-${String(i)}.test` }));
    expect(statuses(answers)).toEqual({ 201: 5, 402: 45 });
    expect(codes(answers)).toEqual(new Set(['daily_cap_exceeded']));
    expect(await lumi.money(who.accountId)).toEqual({ balance: '95.00', held: '0.00' });
  });

  it('executes one of two bodies under one key and refuses the other', async () => {
    const who = await lumi.buyer({ balance: '10' });
    const answers = await Promise.all(
      ['one-body.test', 'other-body.test'].map((domain) => lumi.buy(who, { domain }, 'two-bodies-01')),
    );
    expect(statuses(answers)).toEqual({ 201: 1, 422: 1 });
    expect(codes(answers)).toEqual(new Set(['idempotency_key_reused']));
    expect(await lumi.money(who.accountId)).toEqual({ balance: '9.00', held: '0.00' });
  });

  it('sells one name to one of two accounts', async () => {
    const [one, other] = [await lumi.buyer({ balance: '10' }), await lumi.buyer({ balance: '10' })];
    const answers = await Promise.all([one, other].map((who) => lumi.buy(who, { domain: 'wanted.test' })));
    expect(statuses(answers)).toEqual({ 201: 1, 409: 1 });
    expect(codes(answers)).toEqual(new Set(['not_available']));
  });
});

describe('objects of another account', () => {
  it('get the same 404 as objects that do not exist, in bytes and headers', async () => {
    const [owner, stranger] = [await lumi.buyer({ balance: '10' }), await lumi.buyer({ balance: '10' })];
    const bought = await lumi.buy(owner, { domain: 'private-thing.test' });
    const orderId = (bought.body as { order: { id: string } }).order.id;
    const random = `ord_${orderId.slice(4, 13)}${'0'.repeat(15)}`;
    const pairs: readonly (readonly [string, string])[] = [
      ['/api/v1/domains/private-thing.test', '/api/v1/domains/nobodys-thing.test'],
      [`/api/v1/orders/${orderId}`, `/api/v1/orders/${random}`],
      [`/api/v1/operations/${orderId.replace('ord_', 'op_')}`, `/api/v1/operations/${random.replace('ord_', 'op_')}`],
      [`/api/v1/balance?user_id=${owner.accountId}`, `/api/v1/balance?user_id=usr_${'0'.repeat(24)}`],
    ];
    for (const [foreign, unknown] of pairs) {
      const [seen, missing] = [await lumi.get(stranger, foreign), await lumi.get(stranger, unknown)];
      expect(withoutWhatAlwaysDiffers(seen)).toEqual(withoutWhatAlwaysDiffers(missing));
      expect(seen.status).toBe(404);
    }
  });
});

describe('keys', () => {
  it('refuses a revoked key for money at once, even when no gateway was notified', async () => {
    const who = await lumi.buyer({ balance: '10' });
    expect((await lumi.get(who, '/api/v1/balance')).status).toBe(200);
    const silent = await lumi.owner.connect();
    try {
      await silent.query('SET session_replication_role = replica'); // no trigger, so no notification
      await silent.query('UPDATE platform.api_key SET revoked_at = now() WHERE id = $1', [who.keyId]);
    } finally {
      silent.release(true);
    }
    const answer = await lumi.buy(who, { domain: 'too-late.test' });
    expect([answer.status, [...codes([answer])]]).toEqual([401, ['invalid_key']]);
    expect(await lumi.money(who.accountId)).toEqual({ balance: '10.00', held: '0.00' });
  });

  it('lets a signing key buy only with the signature over the exact bytes', async () => {
    const who = await lumi.buyer({ balance: '10', signing: 'v1' });
    const body = '{"domain":  "signed.test"}';
    const send = (signature: string | null) =>
      lumi.send('POST', '/api/v1/domains', {
        key: who.key,
        idempotencyKey: 'signed-000001',
        body,
        headers: signature === null ? {} : { 'x-signature': signature },
      });
    const good = createHmac('sha256', who.signingSecret ?? '')
      .update(body)
      .digest('hex');
    for (const bad of [
      null,
      good.toUpperCase(),
      `${good}0`,
      createHmac('sha256', who.signingSecret ?? '')
        .update('{"domain":"signed.test"}')
        .digest('hex'),
    ]) {
      expect([...codes([await send(bad)])]).toEqual(['invalid_signature']);
    }
    expect((await send(good)).status).toBe(201);
  });
});

describe('limits', () => {
  it('give an exact Retry-After and count money requests separately', async () => {
    const who = await lumi.buyer({ balance: '100', limits: { regularPerMinute: 600, moneyPerMinute: 2 } });
    const answers: Answer[] = [];
    for (const i of [1, 2, 3]) answers.push(await lumi.buy(who, { domain: `limited-${String(i)}.test` }));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 429]);
    expect(Number(answers[2]?.headers['retry-after'])).toBeGreaterThan(0);
    expect(answers[0]?.headers['ratelimit']).toMatch(/^"regular";r=\d+;t=\d+, "money";r=1;t=\d+$/);
  });
});

describe('logs', () => {
  it('never contain a key, a signature or the names of purchased objects', async () => {
    const canary = `canary-${randomBytes(6).toString('hex')}`;
    const who = await lumi.buyer({ balance: '10', signing: 'v1' });
    const body = JSON.stringify({ domain: 'logged.test', reference: canary });
    const signature = createHmac('sha256', who.signingSecret ?? '')
      .update(body)
      .digest('hex');
    const path = `/api/v1/domains`;
    expect(
      (
        await lumi.send('POST', path, {
          key: who.key,
          idempotencyKey: 'logged-000001',
          body,
          headers: { 'x-signature': signature },
        })
      ).status,
    ).toBe(201);
    await lumi.send('POST', path, {
      key: `${who.key}x`,
      idempotencyKey: 'logged-000002',
      body,
      headers: { 'x-signature': signature, cookie: canary },
    });
    await lumi.send('GET', `/api/v1/domains?q=${who.key}`, { key: who.key });
    const text = lumi.logged.join('');
    for (const secret of [who.key, who.signingSecret ?? '-', signature, canary])
      expect(text.includes(secret)).toBe(false);
  });
});

/** The request's own id and time, and what is left of the limit. */
function withoutWhatAlwaysDiffers({ status, text, headers }: Answer): unknown {
  const id = String(headers['x-request-id']);
  const { 'x-request-id': _id, date: _date, ratelimit: _left, ...rest } = headers;
  return { status, text: text.replaceAll(id, 'ID'), rest };
}
