// What a node says of wrong settings, and which ports it takes.
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAmong, readExitsFile, unusableExits } from './exits-file';
import { claimPorts, keepPorts } from './port-claim';
import { readNodeConfig } from './config';

const GOOD = {
  PROXY_NODE_ID: 'node_1',
  PROXY_NODE_TOKEN: 'a-token-of-twenty-letters',
  PROXY_SERVICE_URL: 'http://127.0.0.1:8083',
  PROXY_NODE_DATA: '/tmp/node',
};

/** What is written before the process exits. */
function faultsOf(env: Readonly<Record<string, string>>): string {
  const written: string[] = [];
  const exit = jest.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error('exit');
  });
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    readNodeConfig(env);
  } catch {
    // The exit of above.
  } finally {
    exit.mockRestore();
    write.mockRestore();
  }
  return written.join('');
}

describe('the settings of a node', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lumi-node-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('have defaults, and refuse the ports of mail', () => {
    const config = readNodeConfig(GOOD);
    expect(config).toMatchObject({ PROXY_NODE_HOST: '127.0.0.1', PROXY_NODE_IDLE_S: 300, PROXY_TARGET_LOG: 'domain' });
    expect([config.PROXY_PORTS_REFUSED.has(25), config.PROXY_PORTS_REFUSED.has(443)]).toEqual([true, false]);
    expect(config.PROXY_NODE_ALLOW.has('127.0.0.1', 80)).toBe(false);
  });

  it('are named all at once when they are wrong, each with what to do', () => {
    const text = faultsOf({
      ...GOOD,
      PROXY_NODE_TOKEN: '',
      PROXY_SERVICE_URL: 'ftp://x',
      PROXY_NODE_PORTS: '20000-20000',
      PROXY_NODE_HTTP_PORT: '99999',
      PROXY_NODE_ALLOW: '127.0.0.1',
      PROXY_NODE_RESOLVERS: 'dns.example',
      PROXY_NODE_TRUSTED: '10.0.0.0/40',
      PROXY_PORTS_REFUSED: '25-20',
      PROXY_TARGET_LOG: 'url',
      PROXY_NODE_EXITS: '/nowhere/exits.json',
    });
    const names = [...text.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name);
    expect(names.sort()).toEqual([
      'PROXY_NODE_ALLOW',
      'PROXY_NODE_EXITS',
      'PROXY_NODE_HTTP_PORT',
      'PROXY_NODE_PORTS',
      'PROXY_NODE_RESOLVERS',
      'PROXY_NODE_TOKEN',
      'PROXY_NODE_TRUSTED',
      'PROXY_PORTS_REFUSED',
      'PROXY_SERVICE_URL',
      'PROXY_TARGET_LOG',
    ]);
    expect(text).toContain('20000-29999');
  });

  it('may not exclude each other', () => {
    expect(faultsOf({ ...GOOD, PROXY_NODE_HTTP_PORT: '19080', PROXY_NODE_SOCKS_PORT: '19080' })).toContain(
      'the same as',
    );
    expect(faultsOf({ ...GOOD, PROXY_NODE_PORTS: '19000-19999', PROXY_NODE_HTTP_PORT: '19080' })).toContain(
      'take it out',
    );
  });

  it('name a file of exits, whose faults it names by line', () => {
    const file = join(folder, 'exits.json');
    const exit = { address: '127.0.0.9', country: 'DE', product: 'dc-ipv4' };
    const reading = (content: unknown) => {
      writeFileSync(file, JSON.stringify(content, null, 2));
      return readExitsFile(file);
    };
    expect(reading([exit, { ...exit, address: '2001:DB8:1::/64', city: 'berlin' }]).value?.exits).toMatchObject([
      { address: '127.0.0.9', city: null },
      { address: '2001:db8:1::/64', city: 'berlin' },
    ]);
    expect(reading([exit, { ...exit, address: '10.0.0.0/8', country: 'Germany' }]).reason).toBe(
      'names a file with faults: line 7: address must be an address or an IPv6 block of /64, not a /8; ' +
        'line 7: country must be two capital letters',
    );
    const odd = { ...exit, city: '[{"a",}\\"' };
    for (const bits of [0, 32, 48, 56, 63, 65, 96, 127])
      expect(reading([odd, { ...exit, address: `2001:db8:1::/${String(bits)}` }]).reason).toContain(
        `line 8: address must be an address or an IPv6 block of /64, not a /${String(bits)}`,
      );
    expect(reading([odd, { ...exit, address: '2001:db8::7/128' }]).value?.exits[1]?.address).toBe('2001:db8::7');
    const { reason = '' } = reading([odd, 7, { ...exit, address: 'home' }]);
    expect(reason).toContain('line 8: it ');
    expect(reason).toContain('line 9: address must be an address or an IPv6 block of /64');
    expect(reading([odd, exit]).reason).toContain('127.0.0.9 twice, in lines 2 and 8');
    expect(reading({}).reason).toContain('faults');
  });

  it('name exits that no customer may reach, with all addresses of a block', () => {
    const isExit = isAmong(['127.0.0.9', '2001:db8:1:2::7', '2001:db8:1::/64']);
    expect(['127.0.0.9', '2001:db8:1:2::7', '2001:db8:1::', '2001:db8:1:0:ffff::1'].map(isExit)).not.toContain(false);
    expect(['127.0.0.8', '2001:db8:1:2::8', '2001:db8:1:1::'].map(isExit)).not.toContain(true);
  });

  it('name exits that this machine has', async () => {
    const exit = { country: 'DE', region: null, city: null, asn: null, product: 'p' };
    const all = ['127.0.0.9', '192.0.2.9', '2001:db8:1::/64'].map((address) => ({ ...exit, address }));
    const hasAny = process.platform === 'linux' && nonLocalBind();
    expect(await unusableExits(all)).toEqual(hasAny ? [] : ['192.0.2.9', '2001:db8:1::/64']);
  });
});

function nonLocalBind(): boolean {
  try {
    return execFileSync('cat', ['/proc/sys/net/ipv4/ip_nonlocal_bind'], { encoding: 'utf8' }).trim() === '1';
  } catch {
    return false;
  }
}

describe('the ports of a node', () => {
  const host = '127.0.0.1';
  let folders: string[];
  beforeEach(() => {
    folders = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'lumi-ports-')));
  });
  afterEach(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  it('are another range than that of a node that runs here already, and the same after a restart', async () => {
    const [one = '', two = ''] = folders;
    const wishes = { host, range: null, http: null, socks: null };
    const first = await claimPorts({ ...wishes, folder: one });
    const second = await claimPorts({ ...wishes, folder: two });
    expect(second.range.first > first.range.last || second.range.last < first.range.first).toBe(true);
    await keepPorts(one, { ...first, http: 19_333, socks: 19_334 });
    const third = await claimPorts({ ...wishes, folder: one });
    // The test's first node still runs, so its range is taken; its ports for pools are not.
    expect(third.range).not.toEqual(first.range);
    expect([third.http, third.socks]).toEqual([19_333, 19_334]);
  });

  it('are another range than one of whose first ports another program has', async () => {
    const [one = '', two = ''] = folders;
    const wishes = { host, range: null, http: null, socks: null };
    const free = await claimPorts({ ...wishes, folder: one });
    await keepPorts(two, { range: { first: free.range.first + 5, last: free.range.last }, http: 1, socks: 2 });
    const other = createServer().listen(free.range.first + 7, host);
    await once(other, 'listening');
    const chosen = await claimPorts({ ...wishes, folder: two });
    expect(chosen.range.first).not.toBe(free.range.first + 5);
    await new Promise((resolve) => other.close(resolve));
  });

  it('are a range with a taken port when every range has one, so that a busy machine does not end the start', async () => {
    const firsts = [
      20_000,
      ...[10_001, 30_001].flatMap((begin) => Array.from({ length: 30 }, (_, i) => begin + i * 1_000)),
    ];
    const others = firsts.map((first) =>
      createServer()
        .on('error', () => undefined)
        .listen(first + 7, host),
    );
    const [folder = ''] = folders;
    const { range } = await claimPorts({ host, range: null, http: null, socks: null, folder });
    expect(firsts).toContain(range.first);
    await Promise.all(others.map((other) => new Promise((resolve) => other.close(resolve))));
  });

  it('that were asked for and are taken end the start with a sentence', async () => {
    const [folder = ''] = folders;
    const other = createServer().listen(0, host);
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const wishes = { host, range: { first: port, last: port + 10 }, http: null, socks: null, folder };
    await expect(claimPorts(wishes)).rejects.toThrow(`port ${String(port)}`);
    await new Promise((resolve) => other.close(resolve));
  });
});
