// What name servers answer, with a server of our own: the judge sees every answer, and a second look-up changes
// nothing.
import { NameServer } from '../../testing';
import { judgeOf } from './judge';
import { Lookup } from './lookup';
import { ownAddresses } from './own-addresses';
import { PORTS_REFUSED, readAllowed, readPorts } from './ports';
import { openResolver } from './resolver';
import { readTarget, type Target } from './target';

const named = (name: string, port = 443): Target => {
  const target = readTarget(name, port);
  if (target === null) throw new Error(`${name} is no target`);
  return target;
};

describe('a look-up', () => {
  let server: NameServer;
  let nowMs = 0;
  const opened = (allowed = ''): Lookup =>
    new Lookup(
      openResolver({ servers: [server.address], nowMs: () => nowMs }),
      judgeOf({
        refused: readPorts(PORTS_REFUSED).value ?? new Set(),
        allowed: readAllowed(allowed).value ?? { text: '', has: () => false },
        isOwn: (address) => ownAddresses().has(address),
      }),
    );
  beforeEach(async () => {
    server = await NameServer.open();
    nowMs = 0;
  });
  afterEach(() => server.close());

  it('gives the addresses of a name, of the families asked for, in their order', async () => {
    server.records.set('both.example', [30, '9.9.9.9', '2a00::1']);
    const lookup = opened();
    expect(await lookup.find(named('both.example'), [4, 6])).toEqual({ addresses: ['9.9.9.9', '2a00::1'] });
    expect(await lookup.find(named('both.example'), [6])).toEqual({ addresses: ['2a00::1'] });
    expect(server.asked.sort()).toEqual(['A both.example', 'AAAA both.example']);
  });

  it('refuses a name with one forbidden address among its answers', async () => {
    server.records.set('mixed.example', [30, '9.9.9.9', '10.0.0.1']);
    server.records.set('six.example', [30, '9.9.9.9', 'fd00::1']);
    const lookup = opened();
    expect(await lookup.find(named('mixed.example'), [4])).toEqual({ refusal: 'address' });
    expect(await lookup.find(named('six.example'), [4, 6])).toEqual({ refusal: 'address' });
  });

  it.each(['127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', '::ffff:7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::'])(
    'refuses a name that leads to %s',
    async (address) => {
      server.records.set('inside.example', [30, address]);
      const finding = await opened().find(named('inside.example'), [4, 6]);
      expect(['own', 'address']).toContain('refusal' in finding && finding.refusal);
    },
  );

  it('is judged anew after the TTL, so that a name that changes to a private address is refused', async () => {
    server.records.set('rebind.example', [1, '9.9.9.9']);
    const lookup = opened();
    expect(await lookup.find(named('rebind.example'), [4])).toEqual({ addresses: ['9.9.9.9'] });
    server.records.set('rebind.example', [1, '127.0.0.2']);
    nowMs = 999;
    expect(await lookup.find(named('rebind.example'), [4])).toEqual({ addresses: ['9.9.9.9'] });
    nowMs = 1_000;
    expect(await lookup.find(named('rebind.example'), [4])).toEqual({ refusal: 'address' });
  });

  it('asks again after a minute, however long the TTL is, and at once when it is 0', async () => {
    server.records.set('long.example', [86_400, '9.9.9.9']);
    server.records.set('short.example', [0, '9.9.9.9']);
    const lookup = opened();
    for (const at of [0, 59_999, 60_000]) {
      nowMs = at;
      await lookup.find(named('long.example'), [4]);
      await lookup.find(named('short.example'), [4]);
    }
    expect(server.asked.filter((one) => one === 'A long.example')).toHaveLength(2);
    expect(server.asked.filter((one) => one === 'A short.example')).toHaveLength(3);
  });

  it('asks once for many who want a name at the same time', async () => {
    server.records.set('busy.example', [0, '9.9.9.9']);
    const lookup = opened();
    const findings = await Promise.all(Array.from({ length: 50 }, () => lookup.find(named('busy.example'), [4])));
    expect(findings).toEqual(Array.from({ length: 50 }, () => ({ addresses: ['9.9.9.9'] })));
    expect(server.asked).toEqual(['A busy.example']);
  });

  it('tells a name without addresses of the family from one that does not exist', async () => {
    server.records.set('four.example', [30, '9.9.9.9']);
    server.records.set('empty.example', [30]);
    const lookup = opened();
    expect(await lookup.find(named('four.example'), [6])).toEqual({ refusal: 'family' });
    expect(await lookup.find(named('empty.example'), [4, 6])).toEqual({ refusal: 'dns' });
    expect(await lookup.find(named('absent.example'), [4, 6])).toEqual({ refusal: 'dns' });
  });

  it('says so when no server answers, and asks again the next time', async () => {
    server.records.set('silent.example', [-1]);
    const lookup = opened();
    expect(await lookup.find(named('silent.example'), [4])).toEqual({ refusal: 'dns_timeout' });
    server.records.set('silent.example', [30, '9.9.9.9']);
    expect(await lookup.find(named('silent.example'), [4])).toEqual({ addresses: ['9.9.9.9'] });
  });

  it('adds no search domain, and asks nobody for localhost', async () => {
    const lookup = opened();
    expect(await lookup.find(named('intranet'), [4])).toEqual({ refusal: 'dns' });
    expect(await lookup.find(named('a.localhost'), [4, 6])).toEqual({ refusal: 'own' });
    expect(server.asked).toEqual(['A intranet']);
  });

  it('lifts the refusals for an address and a port that are allowed, and for no others', async () => {
    server.records.set('lab.example', [30, '127.0.0.1']);
    const lookup = opened('127.0.0.1/32:18111-18114, ::1/128:25');
    const at = (port: number) => lookup.find(named('lab.example', port), [4]);
    expect([await at(18_110), await at(18_111), await at(18_114), await at(18_115)]).toEqual([
      { refusal: 'own' },
      { addresses: ['127.0.0.1'] },
      { addresses: ['127.0.0.1'] },
      { refusal: 'own' },
    ]);
    expect(await lookup.find(named('[::1]', 25), [6])).toEqual({ addresses: ['::1'] });
    expect(await lookup.find(named('[::2]', 25), [6])).toEqual({ refusal: 'port' });
  });
});

describe('the settings', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:80',
    '127.0.0.1/32',
    '127.0.0.1/33:80',
    '127.0.0.1/32:90-80',
    '::1:80',
    'a/8:1',
    '1.1.1.1/32:70000',
  ])('that allow %j are refused', (text) => {
    expect(readAllowed(text).reason).toContain('must look like');
  });

  it.each(['a', '25-', '-25', '30-20', '65536', '1;2', '1.5'])('that refuse the ports %j are refused', (text) => {
    expect(readPorts(text).reason).toContain('must look like');
  });

  it('may be empty', () => {
    expect(readAllowed('').value?.has('127.0.0.1', 80)).toBe(false);
    expect(readPorts('').value?.has(25)).toBe(false);
  });
});
