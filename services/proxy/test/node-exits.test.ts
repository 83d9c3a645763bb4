// The exits of the node: places, sessions, rotation, and the user names that ask for them.
import { FixedClock } from '@lumi/shared/runtime';
import { Exits } from '../src/node/exits';
import { Rights, type PoolExit } from '../src/node/rights';
import { readUserName } from '../src/node/user-name';
import { NodeFixture, Recorded } from './node-fixture';

const POOL: readonly PoolExit[] = Object.freeze(
  Array.from({ length: 8 }, (_, i) => ({
    address: `127.64.1.${String(i + 1)}`,
    country: i < 4 ? 'XA' : 'XB',
    region: i % 2 === 0 ? 'North' : 'South',
    city: 'New Town',
    asn: 64_500 + i,
  })),
);

describe('exits', () => {
  const clock = new FixedClock(1_800_000_000_000);
  const rights = new Rights(clock);
  const events = new Recorded();
  const right = {
    ...new NodeFixture().right({ subject: 'tpl_one', exits: { kind: 'pool', pool: 'p' } }),
    rotationS: null as number | null,
  };
  const chosen = (exits: Exits, options = '', own = right): string => {
    const wish = readUserName(`customer${options}`)?.wish;
    if (wish === undefined) throw new Error(`cannot read ${options}`);
    const exit = exits.choose(own, wish);
    return typeof exit === 'string' ? exit : exit.address;
  };
  beforeEach(() => rights.apply({ isWhole: true, rights: [right], pools: { p: POOL } }));

  it('are chosen by place, however it is written', () => {
    const exits = new Exits(rights, events);
    const of = (options: string): Set<string> => new Set(Array.from({ length: 50 }, () => chosen(exits, options)));
    expect(of('-country-XB-region-south')).toEqual(new Set([POOL[5]?.address, POOL[7]?.address]));
    expect(of('-asn-64503')).toEqual(new Set([POOL[3]?.address]));
    expect(of('-city-new-town-asn-AS64502')).toEqual(new Set([POOL[2]?.address]));
    expect(of('-city-new_town-country-xa').size).toBe(4);
    expect(of('-country-de')).toEqual(new Set(['exit']));
    expect(of('-zip-12345')).toEqual(new Set(['exit']));
  });

  it('change when a session’s time is over, and when the session’s exit is lost', () => {
    const exits = new Exits(rights, events);
    const first = chosen(exits, '-session-a-ttl-60');
    clock.advance(59_000);
    expect(chosen(exits, '-session-a-ttl-60')).toBe(first);
    clock.advance(1_000);
    const second = chosen(exits, '-session-a-ttl-60');
    expect(second).not.toBe(first);
    const strict = chosen(exits, '-session-b-strict-1');
    rights.apply({ rights: [], pools: { p: POOL.filter(({ address }) => address !== second && address !== strict) } });
    expect(chosen(exits, '-session-b-strict-1')).toBe('session');
    const third = chosen(exits, '-session-a-ttl-60');
    expect([second, 'exit', 'session']).not.toContain(third);
    clock.advance(600_000);
    expect(POOL.map(({ address }) => address)).toContain(chosen(exits, '-session-b-strict-1'));
  });

  it('that cannot be used are left alone for a minute', () => {
    const exits = new Exits(rights, events);
    for (const { address } of POOL.slice(1)) exits.markLost(address, 'EADDRNOTAVAIL');
    expect(chosen(exits)).toBe(POOL[0]?.address);
    exits.markLost(POOL[0]?.address ?? '', 'EADDRINUSE');
    expect(chosen(exits)).toBe('exit');
    clock.advance(60_000);
    expect(chosen(exits)).toMatch(/^127/);
  });

  it('change by an interval, the same on every node, and each change is reported once', () => {
    const turning = { ...right, rotationS: 300 };
    rights.apply({ rights: [turning] });
    const [one, other] = [new Exits(rights, events), new Exits(rights, new Recorded())];
    events.all.length = 0;
    const addresses: string[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      one.rotate();
      addresses.push(chosen(one, '', turning));
      expect(chosen(other, '', turning)).toBe(addresses.at(-1));
      clock.advance(60_000);
    }
    const changes = addresses.filter((address, i) => address !== addresses[i - 1]);
    expect(events.of('exitChanged').map(([, , address]) => address)).toEqual(changes);
    expect(changes.length).toBeGreaterThan(3);
    expect(changes.length).toBeLessThan(14);
  });

  it('of a /64 are fresh addresses, and one address for a session', () => {
    rights.apply({
      rights: [],
      pools: { p: [{ address: '2a00:1:2:3::/64', country: 'XA', region: null, city: null, asn: null }] },
    });
    const exits = new Exits(rights, events);
    const fresh = Array.from({ length: 20 }, () => chosen(exits));
    expect(new Set(fresh).size).toBe(20);
    expect(fresh.every((address) => address.startsWith('2a00:1:2:3:'))).toBe(true);
    expect(chosen(exits, '-session-a')).toBe(chosen(exits, '-session-a'));
  });

  it('refuse in the country that refuses', () => {
    const exits = new Exits(rights, events);
    expect(chosen(exits, '', { ...right, exits: { kind: 'fixed', address: '127.64.0.1', country: 'XU' } })).toBe(
      'exit',
    );
  });
});

describe('a user name', () => {
  it.each([
    '',
    'ab',
    '1abc',
    'customer-',
    'customer-country',
    'customer-country-',
    'customer-country-deu',
    'customer-ttl-60',
    'customer-strict-1',
    'customer-session-a-ttl-0',
    'customer-session-a-ttl-86401',
    'customer-session-a-strict-0',
    'customer-session-a-session-b',
    'customer-session-a.b',
    'customer-constructor-a',
    'customer-__proto__-a',
    `customer-session-${'a'.repeat(65)}`,
    'customer-asn-0',
    'customer-Country-de',
  ])('%j is refused', (name) => {
    expect(readUserName(name)).toBeNull();
  });

  it('carries every option, in any order', () => {
    expect(
      readUserName(
        'customer-strict-1-session-a_B-city-san-jose-region-north-ttl-600-asn-as64500-zip-sw1a-1aa-country-gb',
      ),
    ).toEqual({
      base: 'customer',
      wish: {
        country: 'GB',
        region: 'north',
        city: 'san-jose',
        asn: '64500',
        zip: 'sw1a-1aa',
        session: 'a_B',
        ttlS: 600,
        isStrict: true,
      },
    });
  });
});
