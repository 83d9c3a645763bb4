// Which keys see passwords: those with write scope, and none when a proxy has no password.
import type { TestAccount } from '@lumi/shared/testing';
import { ORDER, proxyTest } from './proxy-service';

const lumi = proxyTest();

afterEach(async () => expect(await lumi.audit()).toEqual([]));

const readerOf = (who: TestAccount) => lumi.keyOf(who.accountId, { scopes: ['proxy:read', 'proxy:buy'] });

describe('a key without proxy:write', () => {
  it('sees no password on any route', async () => {
    const { who, body } = await lumi.buyer();
    const plan = (await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 5 })).body;
    const planId = plan.plan.id;
    const subuser = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: planId, limit_gb: 1 })).body.id;
    const reader = await readerOf(who);
    const answers = [
      await lumi.get(reader, '/export'),
      await lumi.get(reader, '/export?format=json'),
      await lumi.get(reader, `/proxies/${body.proxies[0]?.id ?? ''}?reveal=1`),
      await lumi.get(reader, '/proxies?reveal=1'),
      await lumi.get(reader, '/proxies?reveal=1&country=DE'),
      await lumi.get(reader, `/traffic-plans/${planId}?reveal=1`),
      await lumi.get(reader, `/subusers/${subuser}?reveal=true`),
      await lumi.send(reader, 'post', `/traffic-plans/${planId}/generate`, {}),
      await lumi.send(reader, 'post', `/traffic-plans/${planId}/generate`, { subuser_id: subuser }),
    ];
    expect(answers.map((answer) => [answer.status, answer.body.error?.code, answer.body.error?.message])).toEqual(
      answers.map(() => [403, 'forbidden_scope', "Key lacks the required scope 'proxy:write'."]),
    );
    const { rows } = await lumi.service.db.pool.query('SELECT 1 FROM proxy.reveal WHERE key_id = $1', [reader.keyId]);
    expect(rows).toEqual([]);
  });

  it('reads all other fields, with masked passwords', async () => {
    const { who, body } = await lumi.buyer();
    const reader = await readerOf(who);
    expect((await lumi.get(reader, `/proxies/${body.proxies[0]?.id ?? ''}`)).body.password).toBe('********');
    expect(
      (await lumi.get(reader, '/proxies')).body.items.map(({ password }: { password: string }) => password),
    ).toEqual(['********', '********']);
  });
});

describe('a proxy used by address only', () => {
  it('has no user name and no password on any route, and none can be set', async () => {
    const { who, body } = await lumi.buyer({
      ...ORDER,
      items: [{ country: 'XA', quantity: 1 }],
      auth: { mode: 'ip', ips: ['203.0.113.5'] },
    });
    const [proxy] = body.proxies;
    const none = { username: null, password: null };
    expect(proxy).toMatchObject(none);
    for (const path of [`/proxies/${proxy?.id ?? ''}`, `/proxies/${proxy?.id ?? ''}?reveal=1`])
      expect((await lumi.get(who, path)).body).toMatchObject(none);
    expect((await lumi.get(who, '/proxies?reveal=1')).body.items).toMatchObject([none]);
    expect((await lumi.send(who, 'put', `/proxies/${proxy?.id ?? ''}/credentials`, {})).body.error.code).toBe(
      'state_conflict',
    );
    expect((await lumi.send(who, 'post', `/proxies/${proxy?.id ?? ''}/credentials/rotate`, {})).body.error.code).toBe(
      'state_conflict',
    );
    expect(JSON.parse((await lumi.get(who, '/export?format=json')).text).items).toMatchObject([{ user: '', pass: '' }]);
  });
  it('is left out of a template with the pair, and the answer says how many lines were left out', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 1 }] });
    await lumi.pay(who, '/orders', {
      ...ORDER,
      items: [{ country: 'XA', quantity: 2 }],
      auth: { mode: 'ip', ips: ['203.0.113.5'] },
    });
    const exported = (query: Record<string, string>) =>
      lumi.get(who, `/export?${new URLSearchParams(query).toString()}`);
    const { username, host, port } = (await lumi.get(who, `/proxies/${body.proxies[0]?.id ?? ''}`)).body;
    for (const template of ['{user}:{pass}@{host}:{port}', '{user}@{host}:{port}', '{host}:{port}:x:{pass}']) {
      const answer = await exported({ template });
      expect([
        template,
        answer.status,
        answer.text.trimEnd().split('\n').length,
        answer.headers['x-lines-left-out'],
      ]).toEqual([template, 200, 1, '2']);
    }
    expect((await exported({ template: '{user}@{host}:{port}' })).text).toBe(`${username}@${host}:${port}\n`);
    const without = await exported({ template: '{protocol}://{host}:{port}' });
    expect([without.text.trimEnd().split('\n').length, without.headers['x-lines-left-out']]).toEqual([3, undefined]);
    for (const format of ['txt', 'url']) expect((await exported({ format })).text).not.toMatch(/:@|\/\/:|^:|::/m);
    expect(JSON.parse((await exported({ format: 'json' })).text)).toMatchObject({
      items: [{}, {}, {}],
      next_cursor: null,
      has_more: false,
    });
  });

  it('is refused in an export when no line could work', async () => {
    const { who } = await lumi.buyer({
      ...ORDER,
      items: [{ country: 'XA', quantity: 1 }],
      auth: { mode: 'ip', ips: ['203.0.113.5'] },
    });
    const answer = await lumi.get(who, '/export?template=%7Buser%7D%3A%7Bpass%7D%40%7Bhost%7D');
    expect([answer.status, answer.body.error.details]).toEqual([
      422,
      [{ path: 'template', message: 'would make no line that works: {user} and {pass} are empty for all of them' }],
    ]);
    const nobody = await lumi.account();
    expect((await lumi.get(nobody, '/export?template=%7Buser%7D')).text).toBe('');
  });
});
