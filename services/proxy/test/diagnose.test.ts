// GET …/diagnose: what would happen to a connection, without one.
import request from 'supertest';
import { FixedClock } from '@lumi/shared/runtime';
import type { TestAccount } from '@lumi/shared/testing';
import { pushAccess } from '../src/jobs/push-access';
import { nodeClient } from './node-client';
import { NOW, ORDER, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const { register, access } = nodeClient(lumi);
const HOME = '198.51.100.7';

afterEach(async () => expect(await lumi.audit()).toEqual([]));

/** A node is there, and has what was changed. */
const inForce = async () => {
  await register();
  await pushAccess(lumi.deps());
  const { number } = await access(0);
  await access(number);
  await pushAccess(lumi.deps());
};
const ask = async (who: TestAccount, path: string, target?: string) => {
  const { status, body } = await request(lumi.app)
    .get(`${path}/diagnose`)
    .query(target === undefined ? {} : { target })
    .set({ ...lumi.as(who), 'x-lumi-client-ip': HOME });
  expect(status).toBe(200);
  const { works, from, checks } = body as {
    works: boolean;
    from: string;
    checks: { check: string; is_ok: boolean; refusal: string | null; advice: string | null }[];
  };
  const failing = checks.filter((one) => !one.is_ok);
  expect(failing.every(({ advice }) => advice !== null)).toBe(true);
  return { works, from, checks: checks.map(({ check }) => check), failing: failing.map(({ refusal }) => refusal) };
};

describe('the diagnosis of a proxy', () => {
  it('says that nothing carries traffic while no node is there, and that it works once one is', async () => {
    const { who, body } = await lumi.buyer();
    const path = `/proxies/${String(body.proxies[0]?.id)}`;
    expect(await ask(who, path)).toMatchObject({ works: false, from: HOME });
    await inForce();
    expect(await ask(who, path)).toEqual({
      works: true,
      from: HOME,
      checks: ['access', 'applied', 'nodes', 'address'],
      failing: ['credentials'],
    });
    clock.advance(20_000); // the node is silent
    expect((await ask(who, path)).works).toBe(false);
    clock.advance(-20_000);
  });

  it('knows the address of the caller: on the allow-list, not on it, and where nothing else admits', async () => {
    const auth = { mode: 'ip', ips: ['203.0.113.5'] };
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 1 }], auth });
    const path = `/proxies/${String(body.proxies[0]?.id)}`;
    await inForce();
    expect(await ask(who, path)).toMatchObject({ works: false, failing: ['credentials'] });
    await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: '198.51.100.0/24' });
    expect(await ask(who, path)).toMatchObject({ works: false, failing: [null] }); // not in force yet
    await inForce();
    expect(await ask(who, path)).toMatchObject({ works: true, failing: [] });
  });

  it.each([
    ['example.com:443', []],
    ['example.com:25', ['port']],
    ['127.0.0.1:80', ['target']],
    ['[::ffff:10.0.0.1]:80', ['target']],
    ['0x7f.1:80', ['target']],
    ['[2001:4860:4860::8888]:53', []],
    ['nothing', ['request']],
  ])('judges the target %s as the node does', async (target, refusals) => {
    const { who, body } = await lumi.buyer();
    await inForce();
    const { failing } = await ask(who, `/proxies/${String(body.proxies[0]?.id)}`, target);
    expect(failing.filter((word) => word !== 'credentials')).toEqual(refusals);
  });
});

describe('the diagnosis of a traffic plan', () => {
  it('knows its quota, its end and its suspension', async () => {
    const who = await lumi.account({ balance: '1000' });
    const { id } = (await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 2 })).body.plan;
    const path = `/traffic-plans/${String(id)}`;
    await inForce();
    expect(await ask(who, path)).toMatchObject({ works: true });
    await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 2 });
    await inForce();
    expect(await ask(who, path)).toMatchObject({ works: false, failing: ['credentials', 'quota'] });
    await owner(lumi, `UPDATE proxy.traffic_plan SET suspended_for = 'abuse' WHERE id = '${String(id)}'`);
    expect((await ask(who, path)).failing).toContain('suspended');
  });

  it('is not of other accounts', async () => {
    const { who } = await lumi.buyer();
    const { id } = (await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 1 })).body.plan;
    const other = await lumi.account();
    expect((await lumi.get(other, `/traffic-plans/${String(id)}/diagnose`)).status).toBe(404);
  });
});
