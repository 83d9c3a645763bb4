// How the service reads what callers send: addresses, host names, SSH keys.
import { ACTION_MS, CREATE_MS, hostingWorld } from './world';

const lumi = hostingWorld();

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('an address of a server', () => {
  it('is found in every spelling', async () => {
    const who = await lumi.account({ balance: '100' });
    const server = (await lumi.server(who)) as { id: string; ips: { ip: string; version: number }[] };
    const shown = server.ips.find(({ version }) => version === 6)?.ip ?? '';
    expect(new URL(`http://[${shown}]/`).hostname).toBe(`[${shown}]`);
    const spellings = [
      shown.toUpperCase(),
      shown.replace('2001:db8', '2001:0DB8'),
      shown.replace('::', ':0000::'),
      shown,
    ];
    for (const spelling of spellings) {
      const ptr = `host-${String(spellings.indexOf(spelling))}.example.com`;
      expect([
        spelling,
        (
          await lumi.send(who, 'put', `/servers/${server.id}/ips/${encodeURIComponent(spelling)}/rdns`, {
            body: { ptr },
          })
        ).status,
      ]).toEqual([spelling, 202]);
      await lumi.pass(ACTION_MS);
      const after = (await lumi.get(who, `/servers/${server.id}`)).body as {
        ips: { ip: string; rdns: string | null }[];
      };
      expect(after.ips.find(({ ip }) => ip === shown)?.rdns).toBe(ptr);
      expect((await lumi.get(who, `/servers?ip=${encodeURIComponent(spelling)}`)).body.items).toHaveLength(1);
    }
    expect((await lumi.get(who, '/servers?ip=2001:db8::ffff')).body.items).toEqual([]);
    for (const nonsense of ['abc', '1.2.3', 'fe80::1%25eth0']) {
      expect([nonsense, (await lumi.get(who, `/servers?ip=${nonsense}`)).status]).toEqual([nonsense, 422]);
      expect([
        nonsense,
        (await lumi.send(who, 'put', `/servers/${server.id}/ips/${nonsense}/rdns`, { body: { ptr: null } })).status,
      ]).toEqual([nonsense, 404]);
    }
  });
});

describe('a host name', () => {
  it('is not an address, keeps to the length limit of Linux, and is compared in every spelling', async () => {
    const who = await lumi.account({ balance: '100' });
    const buy = (hostname: string) => lumi.buy(who, '/servers', lumi.order({ hostname }));
    const long = `${'a'.repeat(31)}.${'b'.repeat(32)}`;
    for (const bad of [
      '1.2.3.4',
      '127.1',
      '0x7f.1',
      '::1',
      `${long}c`,
      'a'.repeat(64),
      'web_1',
      '-web',
      'web-',
      'we b',
      'web\u200b1',
      '',
      ' ',
      '.',
    ]) {
      expect([bad, (await buy(bad)).body.error?.details]).toEqual([
        bad,
        [{ path: 'hostname', message: expect.any(String) as string }],
      ]);
    }
    for (const [sent, hostname] of [
      [long, long],
      ['Web-1.Example.COM.', 'web-1.example.com'],
      ['bücher', 'xn--bcher-kva'],
    ] as const) {
      const bought = await buy(sent);
      expect([sent, bought.status, bought.body.server?.hostname]).toEqual([sent, 202, hostname]);
      await lumi.pass(CREATE_MS);
      const { id } = bought.body.server as { id: string };
      expect((await lumi.get(who, `/servers?hostname=${encodeURIComponent(sent)}`)).body.items).toHaveLength(1);
      expect((await lumi.post(who, `/servers/${id}/actions/rebuild`, { confirm: 'other.example.com' })).status).toBe(
        422,
      );
      expect((await lumi.post(who, `/servers/${id}/actions/rebuild`, { confirm: sent })).status).toBe(202);
      await lumi.pass(ACTION_MS);
    }
  });

  it('is the form in which a reverse look-up answers', async () => {
    const who = await lumi.account({ balance: '100' });
    const server = (await lumi.server(who)) as { id: string; ips: { ip: string }[] };
    const set = (ptr: string) =>
      lumi.send(who, 'put', `/servers/${server.id}/ips/${server.ips[0]?.ip ?? ''}/rdns`, { body: { ptr } });
    for (const bad of ['1.2.3.4', 'a_b.example.com', 'ho\u200bst.example.com', ''])
      expect([bad, (await set(bad)).status]).toEqual([bad, 422]);
    expect((await set('Mail.Example.com.')).status).toBe(202);
    await lumi.pass(ACTION_MS);
    expect((await lumi.get(who, `/servers/${server.id}`)).body.ips[0].rdns).toBe('mail.example.com');
  });
});

describe('an SSH key', () => {
  it('is accepted when sshd takes it, and refused when it is malformed or weak', async () => {
    const who = await lumi.account();
    const add = async (public_key: string) => {
      const { status, body } = await lumi.post(who, '/ssh-keys', { name: 'laptop', public_key });
      return [status, body.public_key ?? body.error.details[0].path];
    };
    const wire = (...fields: Buffer[]): string =>
      Buffer.concat(fields.flatMap((one) => [Buffer.from([0, 0, one.length >> 8, one.length & 255]), one])).toString(
        'base64',
      );
    const good = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
    const modulus = Buffer.concat([Buffer.from([0]), Buffer.alloc(256, 0xff)]);
    const rsa = `ssh-rsa ${wire(Buffer.from('ssh-rsa'), Buffer.from([1]), modulus)}`;
    const point = Buffer.concat([
      Buffer.from([4]),
      Buffer.alloc(31),
      Buffer.from([1]),
      Buffer.alloc(31),
      Buffer.from([1]),
    ]);
    const ecdsa = `ecdsa-sha2-nistp256 ${wire(Buffer.from('ecdsa-sha2-nistp256'), Buffer.from('nistp256'), point)}`;
    for (const bad of [
      `${good} a\n${good} b`,
      rsa,
      ecdsa,
      `ssh-ed25519 ${wire(Buffer.from('ssh-ed25519'), Buffer.alloc(32))}`,
      `ssh-ed25519 ${wire(Buffer.from('ssh-ed25519'), Buffer.alloc(31, 1))}`,
    ])
      expect([bad, ...(await add(bad))]).toEqual([bad, 422, 'public_key']);
    expect(await add(` ${good}  ada@laptop \n`)).toEqual([201, `${good} ada@laptop`]);
  });
});
