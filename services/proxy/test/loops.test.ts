// The worker's loops: each runs a round on an installation with little data, and finds nothing more to do.
import { loops } from '../src/wiring';
import { runIfDue } from '@lumi/shared/testing';
import { proxyTest } from './proxy-service';

const lumi = proxyTest();

describe('the worker', () => {
  it('runs every loop twice without an error, those with a condition when it holds', async () => {
    const { who, body } = await lumi.buyer();
    for (const loop of [...loops(lumi.deps()), ...loops(lumi.deps())]) await runIfDue(lumi.service, loop);
    expect((await lumi.get(who, `/proxies/${body.proxies[0]?.id ?? ''}`)).body).toMatchObject({
      state: 'active',
      is_applied: true,
      health: { ok: true },
    });
    for (const loop of loops(lumi.deps())) expect([loop.name, await loop.run()]).toEqual([loop.name, false]);
    expect(await lumi.audit()).toEqual([]);
  });
});
