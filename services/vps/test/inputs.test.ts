// What callers send, read in one way: addresses, host names, SSH keys.
import { ACTION_MS, hostingWorld } from './world';

const lumi = hostingWorld();

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('an address of a server', () => {
  it('is meant by every spelling of it', async () => {
    const who = await lumi.account({ balance: '100' });
    const server = await lumi.server(who) as { id: string; ips: { ip: string; version: number }[] };
    const shown = server.ips.find(({ version }) => version === 6)?.ip ?? '';
    expect(new URL(`http://[${shown}]/`).hostname).toBe(`[${shown}]`);
    const spellings = [shown.toUpperCase(), shown.replace('2001:db8', '2001:0DB8'), shown.replace('::', ':0000::'), shown];
    for (const spelling of spellings) {
      const ptr = `host-${String(spellings.indexOf(spelling))}.example.com`;
      expect([spelling, (await lumi.send(who, 'put', `/servers/${server.id}/ips/${encodeURIComponent(spelling)}/rdns`, { body: { ptr } })).status]).toEqual([spelling, 202]);
      await lumi.pass(ACTION_MS);
      const after = (await lumi.get(who, `/servers/${server.id}`)).body as { ips: { ip: string; rdns: string | null }[] };
      expect(after.ips.find(({ ip }) => ip === shown)?.rdns).toBe(ptr);
      expect((await lumi.get(who, `/servers?ip=${encodeURIComponent(spelling)}`)).body.items).toHaveLength(1);
    }
    expect((await lumi.get(who, '/servers?ip=2001:db8::ffff')).body.items).toEqual([]);
    for (const nonsense of ['abc', '1.2.3', 'fe80::1%25eth0']) {
      expect([nonsense, (await lumi.get(who, `/servers?ip=${nonsense}`)).status]).toEqual([nonsense, 422]);
      expect([nonsense, (await lumi.send(who, 'put', `/servers/${server.id}/ips/${nonsense}/rdns`, { body: { ptr: null } })).status]).toEqual([nonsense, 404]);
    }
  });
});
