// Registries that do not answer, and many purchases at the same time.
import { parseUsd as usd } from '@lumi/shared/money';
import { domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => expect(await t.breaches()).toEqual([]));

async function balanceOf(who: { accountId: string }) {
  const { posted, held } = await t.balance(who.accountId);
  return { posted, held };
}

describe('a registry that does not answer', () => {
  it('registers slow-a.test although its registry answers slowly', async () => {
    await t.buy(await t.account(), { domain: 'slow-a.test' }).expect(201);
  });

  it.each([
    ['timeout-before-a.test'],
    ['error-before-a.test'],
    ['timeout-after-success-a.test'],
    ['error-after-success-a.test'],
    ['pending-then-done-1-a.test'],
  ])('keeps the hold for %s until recovery finds it done', async (domain) => {
    const who = await t.account({ balance: '5' });
    const key = `key-${domain}`;
    const first = await t.buy(who, { domain }, key).expect(202);
    expect(first.body).toMatchObject({
      operation_id: expect.stringMatching(/^op_/),
      order: { state: 'processing', money: { held_usd: '1.00' } },
    });
    expect(await balanceOf(who)).toEqual({ posted: usd('5'), held: usd('1') });
    expect((await t.buy(who, { domain }, key).expect(409)).body.error.code).toBe('in_progress');
    expect((await t.buy(who, { domain }).expect(409)).body.error.code).toMatch(/^(busy|already_owned|not_available)$/);
    await t.recover();
    expect(await balanceOf(who)).toEqual({ posted: usd('4'), held: 0n });
    const replay = await t.buy(who, { domain }, key).expect(201);
    expect(replay.body.domain).toEqual((await t.get(who, `/domains/${domain}`).expect(200)).body);
    expect((await t.log(domain)).filter(({ ending }) => ending === 'done')).toHaveLength(1);
  });

  it.each([['timeout-after-refusal-a.test'], ['pending-then-refused-1-a.test']])(
    'recovery finds %s refused and releases the money',
    async (domain) => {
      const who = await t.account({ balance: '5' });
      await t.buy(who, { domain }, `key-${domain}`).expect(202);
      expect(await balanceOf(who)).toEqual({ posted: usd('5'), held: usd('1') });
      await t.recover();
      expect(await balanceOf(who)).toEqual({ posted: usd('5'), held: 0n });
      expect((await t.buy(who, { domain }, `key-${domain}`).expect(502)).body.error.code).toBe('supplier_error');
      await t.get(who, `/domains/${domain}`).expect(404);
    },
  );

  it('is asked again until it answers, and the hold stays until then', async () => {
    const who = await t.account({ balance: '5' });
    await t.buy(who, { domain: 'stays-unknown-3-a.test' }).expect(202);
    for (let round = 0; round < 3; round += 1) {
      expect(await t.recover()).toBe(0);
      expect(await balanceOf(who)).toEqual({ posted: usd('5'), held: usd('1') });
    }
    expect(await t.recover()).toBe(1);
    expect(await balanceOf(who)).toEqual({ posted: usd('4'), held: 0n });
  });
});

describe('many purchases at once', () => {
  const status = (answers: { status: number }[], wanted: number) =>
    answers.filter((answer) => answer.status === wanted).length;
  const together = <T>(count: number, work: (i: number) => PromiseLike<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, async (_, i) => work(i)));

  it('make one domain, one charge, and the same bytes or in_progress, when 200 purchases are identical', async () => {
    const who = await t.account({ balance: '300' });
    const answers = await together(200, () => t.buy(who, { domain: 'identical.test' }, 'identical-key'));
    expect(status(answers, 201) + status(answers, 409)).toBe(200);
    const good = answers.filter((answer) => answer.status === 201);
    expect(new Set(good.map((answer) => answer.text)).size).toBe(1);
    for (const answer of answers.filter((one) => one.status === 409))
      expect(answer.body.error.code).toBe('in_progress');
    expect(await balanceOf(who)).toEqual({ posted: usd('299'), held: 0n });
    expect(await t.log('identical.test')).toHaveLength(1);
  });

  it('make exactly 10 of 100 purchases when the balance is enough for 10, and the balance is then zero', async () => {
    const who = await t.account({ balance: '10' });
    const answers = await together(100, (i) => t.buy(who, { domain: `different-${String(i)}.test` }));
    expect([status(answers, 201), status(answers, 402)]).toEqual([10, 90]);
    expect(await balanceOf(who)).toEqual({ posted: 0n, held: 0n });
  });

  it('make exactly 5 of 50 purchases when the daily cap allows 5', async () => {
    const who = await t.account({ balance: '100', cap: '5' });
    const answers = await together(50, (i) => t.buy(who, { domain: `capped-${String(i)}.test` }));
    expect([status(answers, 201), status(answers, 402)]).toEqual([5, 45]);
    for (const answer of answers.filter((one) => one.status === 402))
      expect(answer.body.error.code).toBe('daily_cap_exceeded');
  });

  it('execute one body and answer 422 to the other, when two bodies share one key', async () => {
    const who = await t.account();
    const answers = await together(2, (i) => t.buy(who, { domain: `two-bodies-${String(i)}.test` }, 'two-bodies-key'));
    const [good, bad] = answers.sort((a, b) => a.status - b.status);
    expect([good?.status, bad?.status]).toEqual([201, 422]);
    expect(bad?.body.error.code).toBe('idempotency_key_reused');
  });

  it('make one domain when two accounts buy the same name', async () => {
    const buyers: Who[] = await together(8, () => t.account({ balance: '5' }));
    const answers = await Promise.all(buyers.map((who) => t.buy(who, { domain: 'wanted.test' })));
    expect([status(answers, 201), status(answers, 409)]).toEqual([1, 7]);
    for (const answer of answers.filter((one) => one.status === 409))
      expect(answer.body.error.code).toBe('not_available');
  });
});
