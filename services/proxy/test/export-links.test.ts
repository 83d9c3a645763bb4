// Links that give a list without a key.
import request from 'supertest';
import { FixedClock } from '@lumi/shared/runtime';
import type { TestAccount } from '@lumi/shared/testing';
import { NOW, ORDER, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

const makeLink = async (who: TestAccount, body: object = {}) => {
  const { status, body: link } = await lumi.send(who, 'post', '/export-links', body);
  expect(status).toBe(201);
  return link as { id: string; url: string };
};
const read = (link: { url: string }, address = '198.51.100.7') =>
  request(lumi.app)
    .get(new URL(link.url).pathname.replace('/proxy/api/v1', ''))
    .set({ ...lumi.as('public'), 'x-lumi-client-ip': address });

describe('an export link', () => {
  it('gives the list as it is now, passwords in clear, to a reader without a key, and records each read', async () => {
    const { who } = await lumi.buyer();
    const link = await makeLink(who, { template: '{user}:{pass}@{host}:{port}' });
    const first = await read(link).expect(200);
    expect(first.text).toBe((await lumi.get(who, '/export?template={user}:{pass}@{host}:{port}')).text);
    expect(first.text.split('\n')).toHaveLength(3);
    await lumi.pay(who, '/orders', ORDER);
    expect((await read(link).expect(200)).text.split('\n')).toHaveLength(5);

    const { rows } = await lumi.service.db.pool.query(
      'SELECT account_id, route, cardinality(subjects) AS shown FROM proxy.reveal WHERE key_id = $1 ORDER BY seq',
      [link.id],
    );
    expect(rows).toEqual([
      { account_id: who.accountId, route: 'read-export-link', shown: 2 },
      { account_id: who.accountId, route: 'read-export-link', shown: 4 },
    ]);
    expect((await lumi.get(who, '/export-links')).body.items).toMatchObject([
      { id: link.id, url: null, reads: 2, last_read_ip: '198.51.100.7', template: '{user}:{pass}@{host}:{port}' },
    ]);
  });

  it('shows the proxies of its own account that match its filter, and no others', async () => {
    const { who } = await lumi.buyer();
    await lumi.pay(who, '/orders', { ...ORDER, items: [{ country: 'DE', quantity: 1 }] });
    await lumi.buyer();
    const link = await makeLink(who, { filter: { country: 'DE' }, format: 'json' });
    const { items } = (await read(link).expect(200)).body as { items: { country: string }[] };
    expect(items.map(({ country }) => country)).toEqual(['DE']);
  });

  it('is no link any more once it is over or deleted, and is none under another token', async () => {
    const { who } = await lumi.buyer();
    const [over, gone] = [await makeLink(who, { expires_at: '2026-11-24T13:00:00Z' }), await makeLink(who)];
    await lumi.send(who, 'delete', `/export-links/${gone.id}`);
    await read(gone).expect(404);
    await read({ url: `${gone.url.slice(0, -1)}_` }).expect(404);
    await read(over).expect(200);
    clock.advance(3_600_000);
    await read(over).expect(404);
    clock.advance(-3_600_000);
  });

  it('is read from the addresses of its lock only', async () => {
    const { who } = await lumi.buyer();
    const link = await makeLink(who, { ip_lock: ['203.0.113.0/24', '2001:db8:1::/48'] });
    await read(link, '203.0.113.9').expect(200);
    await read(link, '2001:db8:1:2::3').expect(200);
    await read(link, '203.0.114.9').expect(404);
    await read(link, '2001:db8:2::1').expect(404);
  });

  it('is read sixty times an hour, also by readers at the same time, and again in the next hour', async () => {
    const { who } = await lumi.buyer();
    const link = await makeLink(who);
    const answers = await Promise.all(Array.from({ length: 70 }, () => read(link)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(60);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(10);
    expect(refused[0]?.headers['retry-after']).toBe('3600');
    expect(refused[0]?.body.error.code).toBe('rate_limited');
    clock.advance(3_600_000);
    await read(link).expect(200);
    clock.advance(-3_600_000);
  });

  it('is stored without its token, and belongs to its account alone', async () => {
    const { who } = await lumi.buyer();
    const other = (await lumi.buyer()).who;
    const link = await makeLink(who);
    const { rows } = await lumi.service.db.pool.query('SELECT to_jsonb(l)::text AS text FROM proxy.export_link l');
    expect(rows.map(({ text }: { text: string }) => text).join()).not.toContain(link.url.split('/').at(-1));
    expect((await lumi.get(other, '/export-links')).body.items).toEqual([]);
    expect((await lumi.send(other, 'delete', `/export-links/${link.id}`)).status).toBe(404);
    await read(link).expect(200);
  });

  it.each([
    [{ expires_at: '2026-11-24T11:00:00Z' }, 'expires_at'],
    [{ expires_at: '2028-11-24T11:00:00Z' }, 'expires_at'],
    [{ ip_lock: ['0.0.0.0/0'] }, 'ip_lock.0'],
    [{ template: '{passphrase}' }, 'template'],
    [{ filter: { nation: 'DE' } }, 'filter.nation'],
  ])('is refused for %j, with the field named', async (body, path) => {
    const { who } = await lumi.buyer();
    const { status, body: answer } = await lumi.send(who, 'post', '/export-links', body);
    expect([status, answer.error.details[0].path]).toEqual([422, path]);
    expect((await lumi.get(who, '/export-links')).body.items).toEqual([]);
  });

  it('is not made by a key without proxy:write', async () => {
    const { who } = await lumi.buyer();
    const reader = await lumi.keyOf(who.accountId, { scopes: ['proxy:read', 'proxy:buy'] });
    expect((await lumi.send(reader, 'post', '/export-links', {})).body.error.code).toBe('forbidden_scope');
  });
});
