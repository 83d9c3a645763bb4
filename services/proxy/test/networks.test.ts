// What was sold stays with its network, and nothing of it is asked of another one.
import { judgeSettings } from '@lumi/shared/runtime';
import { z } from 'zod';
import { proxySettings, upstreamIsWhole } from '../src/config';
import { checkHealth } from '../src/jobs/check-health';
import { pushAccess } from '../src/jobs/push-access';
import { withdrawEnded } from '../src/jobs/withdraw-ended';
import { Networks } from '../src/supplier/networks';
import type { NetworkName, ProxyNetwork } from '../src/supplier/proxy-network';
import { owner, proxyTest } from './proxy-service';

const lumi = proxyTest();

/** Proxies of one order, the last of which another network runs, which is not set up here. */
async function withOneElsewhere() {
  const { who, body } = await lumi.buyer();
  const [here = '', elsewhere = ''] = body.proxies.map(({ id }) => id);
  await owner(lumi, `UPDATE proxy.proxy SET network = 'upstream' WHERE id = $1`, [elsewhere]);
  return { who, body, here, elsewhere };
}

const rowOf = (id: string) => lumi.deps().db.proxy.findUniqueOrThrow({ where: { id } });

describe('a proxy of a network that is not set up', () => {
  it('is left alone by the loops, which go on with all others', async () => {
    const { here, elsewhere } = await withOneElsewhere();
    expect(await checkHealth(lumi.deps())).toBe(false);
    expect(await pushAccess(lumi.deps())).toBe(false);
    expect(await rowOf(here)).toMatchObject({ health_ok: true, access_applied: 1 });
    expect(await rowOf(elsewhere)).toMatchObject({ health_checked_at: null, access_applied: 0 });
    await owner(lumi, `UPDATE proxy.proxy SET state = 'ended' WHERE id = ANY ($1)`, [[here, elsewhere]]);
    await withdrawEnded(lumi.deps());
    expect((await rowOf(here)).withdrawn_at).not.toBeNull();
    expect((await rowOf(elsewhere)).withdrawn_at).toBeNull();
  });

  it('is not checked, renewed or replaced by another network', async () => {
    const { who, body, here, elsewhere } = await withOneElsewhere();
    const sent = (await lumi.executed()).length;
    expect((await lumi.send(who, 'post', '/proxies/check', { proxy_ids: [here, elsewhere] })).status).toBe(503);
    const renewed = await lumi.pay(who, '/proxies/renew', {
      items: [{ proxy_id: elsewhere, period_days: 30, current_expires_at: body.proxies[1]?.expires_at }],
    });
    expect(renewed.body.items).toMatchObject([{ error: { code: 'service_unavailable' } }]);
    const replaced = await lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [elsewhere] } });
    expect(replaced.status).toBe(503);
    expect(await lumi.executed()).toHaveLength(sent);
  });

  it('cannot be replaced together with one of another network', async () => {
    const { who, here, elsewhere } = await withOneElsewhere();
    const replaced = await lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [here, elsewhere] } });
    expect(replaced.status).toBe(422);
    expect(replaced.body.error.details).toEqual([
      { path: 'select', message: 'these cannot be replaced together; select the proxies of one order' },
    ]);
  });
});

describe('an order', () => {
  it('is sent to and looked up at its own network, whatever its product comes from by now', async () => {
    const who = await lumi.account({ balance: '100' });
    const order = { product_id: 'ipv4', items: [{ country: 'XE', quantity: 1 }], period_days: 30 };
    const accepted = await lumi.pay(who, '/orders', order);
    expect(accepted.status).toBe(202);
    const id = String(accepted.body.order.id);
    await owner(lumi, `UPDATE platform.orders SET item = item || '{"network": "upstream"}' WHERE id = $1`, [id]);
    await lumi.recover(3);
    expect((await lumi.get(who, `/orders/${id}`)).body.state).toBe('processing');
    expect(await lumi.executed(id)).toEqual([]);
    // As it is in an order that the release before began.
    await owner(lumi, `UPDATE platform.orders SET item = item - 'network' WHERE id = $1`, [id]);
    await lumi.recover(3);
    expect((await lumi.get(who, `/orders/${id}`)).body.state).toBe('completed');
    expect(await lumi.deps().db.proxy.findMany({ where: { order_id: id } })).toMatchObject([{ network: 'sandbox' }]);
  });
});

describe('the audit', () => {
  it('finds a proxy that another network runs than its order was sent to', async () => {
    const { elsewhere } = await withOneElsewhere();
    const found = (await lumi.audit()).filter(({ subject }) => subject === elsewhere);
    expect(found.map(({ rule }) => rule)).toContain('what was sold is run by the network to which its order was sent');
  });

  afterAll(() => owner(lumi, `UPDATE proxy.proxy SET network = 'sandbox'`));
});

describe('the registry', () => {
  const named = (name: string): ProxyNetwork => ({ name }) as unknown as ProxyNetwork;
  const networks = new Networks(
    new Map<NetworkName, ProxyNetwork>([
      ['sandbox', named('first')],
      ['upstream', named('second')],
    ]),
    new Map([['isp', 'upstream']]),
  );

  it('gives new ones of a product to its network, and what has no network to the sandbox', () => {
    expect(networks.nameForProduct('isp')).toBe('upstream');
    expect(networks.nameForProduct('ipv4')).toBe('sandbox');
    expect(networks.at({})).toMatchObject({ name: 'first' });
    expect(networks.at({ network: 'upstream' })).toMatchObject({ name: 'second' });
    expect(() => networks.at({ network: 'own' })).toThrow(expect.objectContaining({ code: 'service_unavailable' }));
  });

  it('works at every network, also when one fails, and fails in the end', async () => {
    const done: NetworkName[] = [];
    const round = networks.each((_, name) => {
      if (name === 'sandbox') throw new Error('away');
      done.push(name);
      return Promise.resolve(true);
    });
    await expect(round).rejects.toThrow('away');
    expect(done).toEqual(['upstream']);
  });

  it('gives each network its own rows', async () => {
    const rows = [
      { id: 1, network: 'sandbox' },
      { id: 2, network: 'upstream' },
      { id: 3, network: 'sandbox' },
    ] as const;
    expect(await networks.ofRows(rows, (_, some) => Promise.resolve(some.map(({ id }) => id)))).toEqual([[1, 3], [2]]);
  });
});

describe('PROXY_NETWORKS', () => {
  const judged = (text: string) =>
    judgeSettings(z.object({ PROXY_NETWORKS: proxySettings.shape.PROXY_NETWORKS }), { PROXY_NETWORKS: text });

  it('maps products to networks', () => {
    expect(judged(' ipv4=own, isp = sandbox ').settings?.PROXY_NETWORKS).toEqual(
      new Map([
        ['ipv4', 'own'],
        ['isp', 'sandbox'],
      ]),
    );
  });

  it.each([
    ['ipv4', 'PROXY_NETWORKS: must look like ipv4=sandbox,isp=sandbox (a product, an equals sign, its network)'],
    ['ipv5=sandbox', expect.stringMatching(/^PROXY_NETWORKS: names ipv5, which is no product; choose of ipv4, /)],
    ['isp=sandbox,isp=sandbox', 'PROXY_NETWORKS: names isp twice'],
    ['isp=mars', 'PROXY_NETWORKS: gives isp a network that does not exist; choose of sandbox, own, upstream'],
    [
      'isp=upstream,mobile=upstream',
      'PROXY_NETWORKS: gives mobile to upstream, which sells no such thing; choose of ipv4, ipv4_shared, isp',
    ],
  ])('ends the start with a sentence: %s', (text, fault) => expect(judged(text).faults).toEqual([fault]));
});

describe('the supplier’s settings', () => {
  const { PROXY_UPSTREAM_URL, PROXY_UPSTREAM_TOKEN, PROXY_NETWORKS } = proxySettings.shape;
  const judged = (env: Record<string, string>) =>
    judgeSettings(z.object({ PROXY_UPSTREAM_URL, PROXY_UPSTREAM_TOKEN, PROXY_NETWORKS }), env, [upstreamIsWhole]);
  const [url, token] = ['https://proxies.example', 'token-of-a-supplier'];

  it('are both given, or none is', () => {
    expect(judged({}).faults).toEqual([]);
    expect(judged({ PROXY_UPSTREAM_URL: url, PROXY_UPSTREAM_TOKEN: token }).faults).toEqual([]);
    expect(judged({ PROXY_UPSTREAM_URL: url }).faults).toEqual([
      'PROXY_UPSTREAM_TOKEN: is missing although PROXY_UPSTREAM_URL is given',
    ]);
    expect(judged({ PROXY_UPSTREAM_TOKEN: token }).faults).toEqual([
      'PROXY_UPSTREAM_URL: is missing although PROXY_UPSTREAM_TOKEN is given',
    ]);
    expect(judged({ PROXY_NETWORKS: 'isp=upstream' }).faults).toEqual([
      'PROXY_UPSTREAM_URL: is missing although PROXY_NETWORKS gives products to upstream',
    ]);
    expect(judged({ PROXY_UPSTREAM_URL: 'ftp://proxies.example', PROXY_UPSTREAM_TOKEN: token }).faults).toEqual([
      'PROXY_UPSTREAM_URL: must be a URL that starts with http:// or https://',
    ]);
  });
});
