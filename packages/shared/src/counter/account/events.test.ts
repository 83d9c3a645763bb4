import { accountFixture } from './test/account-fixture';
import { emitEvent } from './test/emit-event';

const { api, get, buy } = accountFixture();

describe('GET /events', () => {
  it('can be resumed at a cursor without losing or repeating an event', async () => {
    const account = await api.account();
    const start = (await get('/events', account)).body;
    expect(start).toEqual({ items: [], next_cursor: null, has_more: false, resume_cursor: null, gap: false });
    await buy(account, { name: 'e-1' }).expect(201);
    await buy(account, { name: 'e-2', ending: 'refused' }).expect(409);
    const first = (await get('/events', account)).body;
    expect(first.items.map((event: { type: string; subject: string }) => `${event.type} ${event.subject}`)).toEqual([
      'gadget.delivered e-1',
      'order.failed e-2',
    ]);
    expect(first.next_cursor).toBeNull();
    const nothingNew = (await get(`/events?cursor=${first.resume_cursor}`, account)).body;
    expect(nothingNew).toMatchObject({ items: [], next_cursor: null, resume_cursor: first.resume_cursor, gap: false });
    await buy(account, { name: 'e-3' }).expect(201);
    expect((await get(`/events?cursor=${first.resume_cursor}`, account)).body.items).toMatchObject([
      { subject: 'e-3', user_id: account.accountId, product: 'domains' },
    ]);
    expect((await get('/events', await api.account())).body.items).toEqual([]);
  });

  it('filters by type', async () => {
    const account = await api.account();
    await buy(account, { name: 'e-4' }).expect(201);
    await buy(account, { name: 'e-5', ending: 'refused' }).expect(409);
    await emitEvent(api.service, account.accountId, 'domain.registered');
    const types = async (filter: string): Promise<string[]> =>
      (await get(`/events?types=${filter}`, account)).body.items.map((event: { type: string }) => event.type);
    expect(await types('domain.*')).toEqual(['domain.registered']);
    expect(await types('order.failed,deposit.*')).toEqual(['order.failed']);
    expect(await types('domain.registered,order.failed')).toEqual(['order.failed', 'domain.registered']);
    expect(await types('domain.transfer.*')).toEqual([]);
  });

  it.each([
    'a%25',
    'domain.sold',
    'domain',
    'domain.registered,dom.*',
    'server.ready',
    'domain.registered.*',
    'order.failed,',
    '',
  ])('refuses the type %s, which its feed does not have, and names the field', async (types) => {
    const { status, body } = await get(`/events?types=${types}`, await api.account());
    expect([status, body.error.details[0].path]).toEqual([422, 'types']);
  });

  it('never shows an event behind a cursor, also while many purchases commit', async () => {
    const account = await api.account({ balance: '1000' });
    const names = Array.from({ length: 30 }, (_, index) => `e-parallel-${String(index)}`);
    let isBuying = true;
    const bought = Promise.all(names.map((name) => buy(account, { name }).expect(201))).finally(() => {
      isBuying = false;
    });
    const seen: string[] = [];
    let cursor = '';
    for (let isLast = false; !isLast;) {
      isLast = !isBuying;
      const { body } = await get(`/events?limit=3${cursor}`, account);
      seen.push(...body.items.map((event: { subject: string }) => event.subject));
      if (body.resume_cursor !== null) cursor = `&cursor=${body.resume_cursor}`;
      isLast = isLast && !body.has_more;
    }
    await bought;
    expect(seen.sort()).toEqual(names.sort());
    expect(await api.audit()).toEqual([]);
  });
});
