// The deposit endpoints through the real router: validation, reach, repeats.
import supertest from 'supertest';
import { newId } from '../../ground/contract';
import { create, get, identity, post, reseller, rulesBroken, theApp } from './test/deposit-routes';

afterEach(async () => expect(await rulesBroken()).toEqual([]));

describe('POST /deposits', () => {
  it('accepts the example of the contract', async () => {
    const answer = await post(await reseller(), { amount_usd: '5', provider: 'cryptobot' }).expect(201);
    expect(answer.body).toMatchObject({
      status: 'pending',
      amount_usd: '5.00',
      provider: 'cryptobot',
      product: 'domains',
      paid: null,
      is_late: false,
    });
    expect(answer.headers['location']).toBe(`deposits/${(answer.body as { id: string }).id}`);
  });

  it.each<[string, object, string]>([
    ['an amount that is a number', { amount_usd: 5 }, 'amount_usd'],
    ['more than two decimals', { amount_usd: '5.001' }, 'amount_usd'],
    ['less than the provider takes', { amount_usd: '0.99' }, 'amount_usd'],
    ['nothing at all', { amount_usd: '0' }, 'amount_usd'],
    ['more than the provider takes', { amount_usd: '25000.01' }, 'amount_usd'],
    ['an unknown provider', { provider: 'paypal' }, 'provider'],
    ['an asset the provider does not take', { asset: 'DOGE' }, 'asset'],
    ['a return_url that is no web address', { return_url: 'javascript:alert(1)' }, 'return_url'],
    ['a return_url with a user', { return_url: 'https://shop.test@evil.test/' }, 'return_url'],
    ['a return_url with a password', { return_url: 'https://a:b@evil.test/' }, 'return_url'],
    ['a return_url with an empty user', { return_url: 'https://@evil.test/' }, 'return_url'],
    ['a return_url with a line feed', { return_url: 'https://shop.test/\na' }, 'return_url'],
    ['a return_url with a tab', { return_url: 'https://shop\t.test/' }, 'return_url'],
    ['a return_url with a control character', { return_url: 'https://shop.test/\u0085' }, 'return_url'],
    ['a return_url with a backslash', { return_url: 'https://shop.test\\@evil.test/' }, 'return_url'],
    ['too short a time', { expires_in: 59 }, 'expires_in'],
    ['a misspelt field', { ammount: '5' }, 'ammount'],
  ])('refuses %s with 422', async (_what, fault, where) => {
    const answer = await post(await reseller(), { amount_usd: '5', provider: 'cryptobot', ...fault }).expect(422);
    expect(answer.body).toMatchObject({ error: { code: 'validation_error', details: [{ path: where }] } });
  });

  it.each([
    '5,00',
    '.5',
    '5.',
    '1e3',
    '+5',
    '-5',
    ' 5',
    '5 ',
    '٥',
    '0x5',
    '5_0',
    'Infinity',
    'NaN',
    '',
    '5.001',
    '05',
    '1'.repeat(40),
    '5\n',
  ])('refuses the amount %j with 422', async (amount) => {
    const answer = await post(await reseller(), { amount_usd: amount, provider: 'sandbox' }).expect(422);
    expect(answer.body).toMatchObject({
      error: {
        code: 'validation_error',
        details: [{ path: 'amount_usd', message: 'must be a string such as "5.00" with at most 2 decimals' }],
      },
    });
  });

  it('answers a repeat with the same bytes and marks it as a repeat', async () => {
    const who = await reseller();
    const first = await post(who, { amount_usd: '5', provider: 'cryptobot' }, 'the-same-key').expect(201);
    const again = await post(who, { amount_usd: '5', provider: 'cryptobot' }, 'the-same-key').expect(201);
    expect(again.text).toBe(first.text);
    expect(again.headers['idempotent-replayed']).toBe('true');
  });
});

describe('GET /deposits', () => {
  it('pages newest first, filters, and shows no other account', async () => {
    const [who, stranger] = [await reseller(), await reseller()];
    const made = [
      await create(who, { reference: 'a' }),
      await create(who, { reference: 'b' }),
      await create(who, { reference: 'a' }),
    ]
      .map(({ id }) => id)
      .reverse();
    await create(stranger);
    const first = (await get(who, '/deposits?limit=2').expect(200)).body as {
      items: { id: string }[];
      next_cursor: string;
      has_more: boolean;
    };
    expect(first.items.map(({ id }) => id)).toEqual(made.slice(0, 2));
    expect(first.has_more).toBe(true);
    const second = (await get(who, `/deposits?limit=2&cursor=${first.next_cursor}`).expect(200)).body as typeof first;
    expect(second).toMatchObject({ items: [{ id: made[2] }], next_cursor: null, has_more: false });
    expect(
      ((await get(who, '/deposits?reference=a&status=pending').expect(200)).body as typeof first).items,
    ).toHaveLength(2);
    await get(stranger, `/deposits?limit=2&cursor=${first.next_cursor}`).expect(422);
  });

  it('gives ids of other accounts, unknown ids and malformed ids the same answer', async () => {
    const [who, stranger] = [await reseller(), await reseller()];
    const { id } = await create(who);
    await get(who, `/deposits/${id}`).expect(200);
    for (const foreign of [id, newId('dep', Date.now()), 'x']) {
      const answer = await get(stranger, `/deposits/${foreign}`).expect(404);
      expect((answer.body as { error: { message: string } }).error.message).toBe('Not found.');
      await supertest(theApp()).post(`/deposits/${foreign}/cancel`).set(identity(stranger)).expect(404);
    }
  });

  it('lists the providers with their limits', async () => {
    const answer = await get(await reseller(), '/deposits/providers').expect(200);
    expect(answer.body).toMatchObject({
      items: [{ provider: 'cryptobot', min_usd: '1.00', max_usd: '25000.00', enabled: true }, { provider: 'sandbox' }],
    });
  });
});
