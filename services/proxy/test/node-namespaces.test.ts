// The process of a node on a machine with exit addresses of its own, prepared by the commands of docs/nodes.md, and a
// target on another machine that says which address it sees.
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@lumi/shared/testing';
import { ModelServer, wireRight } from '../src/node/control/test/model-server';
import { hasCurl, PAIR } from './node-fixture';
import { bundled, connectMachines, Machine, whyNoNamespaces, type Program } from './namespaces';

const root = join(__dirname, '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'nodes.md'), 'utf8');
const [, exitAddresses = ''] = /^## Exit addresses\n([\s\S]*?)^## /m.exec(page) ?? [];
const [, exitsFile = ''] = /^```json\n([\s\S]*?)^```$/m.exec(exitAddresses) ?? [];
const [, commands = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(exitAddresses) ?? [];

/** Targets must have public addresses; these lead nowhere from the test's namespaces. */
const TARGET = { ipv4: '9.9.1.200', ipv6: '2a0e:b107:1::200' };
const NODE = { ipv4: '9.9.1.1', ipv6: '2a0e:b107:1::1' };
const OTHERS = ['192.0.2.11', '192.0.2.12'];
const BLOCK = '2001:db8:10::/64';
/** Its addresses are public, so the rules for targets alone do not refuse them. */
const PUBLIC_BLOCK = '2a0e:b107:10::/64';
const TOKEN = 'a-token-of-twenty-letters';
const FIRST_PORT = 20_000;
const HTTP_PORT = 19_080;
const SENTINEL_PORT = 7_000;

/** What joins the node's machine with this process, whose loopback it does not see; and a sentinel on all addresses. */
const BRIDGE = `
  const net = require('node:net');
  net.createServer((one) => {
    const other = net.connect(process.argv[1]);
    one.on('error', () => other.destroy()).pipe(other).on('error', () => one.destroy()).pipe(one);
  }).listen(8083, '127.0.0.1', () => console.log('ready'));
  net.createServer((one) => { console.log('dialled'); one.destroy(); }).listen(${String(SENTINEL_PORT)}, '::');
`;

const why = whyNoNamespaces() ?? (hasCurl ? null : 'curl is not installed');
if (why !== null) process.stdout.write(`network namespaces are not tested: ${why}\n`);
jest.setTimeout(60_000);

(why === null ? describe : describe.skip)('a node with addresses of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-namespaces-'));
  const service = new ModelServer(TOKEN);
  const machines: Machine[] = [];
  let machine: Machine;
  let bridge: Program;
  let main: string;
  let exits: readonly { readonly address: string }[];

  const login = (name: string) => ({
    name,
    digest: createHmac('sha256', 'key').update(`${name}\0${PAIR[1]}`).digest('base64'),
    until: null,
  });
  const exit = (address: string) => ({ address, country: 'DE', region: null, city: null, asn: null });

  beforeAll(async () => {
    main = await bundled('services/proxy/src/node/main.ts', join(folder, 'main.js'));
    const program = await bundled('services/proxy/test/namespace-target.ts', join(folder, 'target.js'));
    machine = new Machine(`lumi-node-${String(process.pid)}`);
    machines.push(machine);
    const target = new Machine(`lumi-target-${String(process.pid)}`);
    machines.push(target);
    connectMachines(machine, target);
    for (const [one, { ipv4, ipv6 }] of [
      [machine, NODE],
      [target, TARGET],
    ] as const) {
      one.ip(`address add ${ipv4}/24 dev eth0`);
      one.ip(`address add ${ipv6}/64 dev eth0 nodad`);
    }
    // The provider's part: it routes the exits to the node.
    target.ip(`route add 192.0.2.0/24 via ${NODE.ipv4}`);
    target.ip(`route add ${BLOCK} via ${NODE.ipv6}`);
    const echo = target.start(process.execPath, [program, TARGET.ipv4, TARGET.ipv6]);

    exits = [
      ...(JSON.parse(exitsFile) as { address: string }[]),
      ...[...OTHERS, PUBLIC_BLOCK].map((address) => ({ address, country: 'DE', product: 'ipv4' })),
    ];
    writeFileSync(join(folder, 'exits.json'), JSON.stringify(exits));
    const statics = exits.filter(({ address }) => !address.includes('/')).map(({ address }) => address);
    service.pools = { four: statics.map(exit), six: [exit(BLOCK)] };
    service.changes = [
      ...statics.map((address, i) => ({
        kind: 'proxy',
        port: FIRST_PORT + i,
        exits: { kind: 'fixed', address, country: 'DE' },
        logins: [login(PAIR[0])],
      })),
      ...['four', 'six'].map((pool) => ({ exits: { kind: 'pool', pool }, logins: [login(pool)] })),
    ].map((more, i) => ({ number: i + 1, right: wireRight(`sub_${String(i)}`, { is_metered: false, ...more }) }));
    await service.open(join(folder, 'service'));
    bridge = machine.start(process.execPath, ['-e', BRIDGE, join(folder, 'service')]);
    await until(() => bridge.said.includes('ready') && echo.said.includes('ready'), { timeoutMs: 30_000 });
  });
  afterAll(async () => {
    for (const one of machines) await one.dispose();
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (): Program =>
    machine.start(process.execPath, [main], {
      PROXY_NODE_ID: 'node_1',
      PROXY_NODE_TOKEN: TOKEN,
      PROXY_SERVICE_URL: 'http://127.0.0.1:8083',
      PROXY_NODE_DATA: join(folder, 'data'),
      PROXY_NODE_PORTS: `${String(FIRST_PORT)}-${String(FIRST_PORT + 9)}`,
      PROXY_NODE_HTTP_PORT: String(HTTP_PORT),
      PROXY_NODE_EXITS: join(folder, 'exits.json'),
      PROXY_NODE_RESOLVERS: TARGET.ipv4,
      PROXY_NODE_DRAIN_S: '1',
      STOP_DELAY_MS: '0',
    });
  const ended = async (program: Program): Promise<string> => {
    await until(() => program.hasEnded, { timeoutMs: 30_000 });
    return program.said;
  };
  const curl = async (...args: readonly string[]): Promise<string> =>
    (await machine.run('curl', ['-sS', '--max-time', '20', ...args])).out;
  const through = (user: string, port = HTTP_PORT): string => `http://${user}:${PAIR[1]}@127.0.0.1:${String(port)}`;
  const seen = (user: string, url = 'http://both.example/'): Promise<string> => curl('-x', through(user), url);
  const refusal = async (user: string, url: string): Promise<string> =>
    (await curl('-o', '/dev/null', '-D', '-', '-x', through(user), url)).replaceAll('\r\n', ' ');

  it('does not start before the machine has them, and names those that it lacks', async () => {
    const [first = '', ...forBlocks] = commands.trim().split('\n');
    expect(await ended(start())).toContain(`5 addresses that this machine cannot use as its own: 192.0.2.10, ${BLOCK}`);
    for (const line of [first, ...OTHERS.map((address) => first.replace('192.0.2.10', address))])
      expect(await machine.run('sh', ['-c', line])).toMatchObject({ code: 0 });
    const [sysctl = '', ...route] = forBlocks;
    expect(await machine.run('sh', ['-c', sysctl])).toMatchObject({ code: 0 });
    // Now the block can be bound, and no answer would come back.
    expect(await ended(start())).toContain(
      `2 addresses that this machine cannot use as its own: ${BLOCK}, ${PUBLIC_BLOCK}`,
    );
    for (const line of [route.join('\n'), route.join('\n').replace(BLOCK, PUBLIC_BLOCK)])
      expect(await machine.run('sh', ['-c', line])).toMatchObject({ code: 0 });
    const node = start();
    await until(() => node.said.includes('"serving"') || node.hasEnded, { timeoutMs: 30_000 });
    expect(node.hasEnded ? node.said : '').toBe('');
  });

  it('leaves by the address that was sold, over HTTP, CONNECT and SOCKS5', async () => {
    for (const [i, address] of ['192.0.2.10', ...OTHERS].entries()) {
      const at = `${PAIR.join(':')}@127.0.0.1:${String(FIRST_PORT + i)}`;
      const url = 'http://four.example/';
      expect([
        await curl('-x', `http://${at}`, url),
        await curl('--proxytunnel', '-x', `http://${at}`, url),
        await curl('-x', `socks5h://${at}`, url),
        await curl('-x', `socks5://${at}`, `http://${TARGET.ipv4}/`),
      ]).toEqual([address, address, address, address]);
    }
    const rotating = [await seen('four'), await seen('four')];
    expect(new Set(rotating).size).toBe(2);
    expect(rotating.every((address) => address.startsWith('192.0.2.1'))).toBe(true);
  });

  it('leaves by a fresh IPv6 address for each session, the same while the session lives', async () => {
    const session = (name: string) => seen(`six-session-${name}`);
    const all = [await session('a'), await session('a'), await session('b'), await seen('six'), await seen('six')];
    expect(all.filter((address) => !address.startsWith('2001:db8:10:0:'))).toEqual([]);
    expect(all[1]).toBe(all[0]);
    expect(new Set(all).size).toBe(4);
    const short = await seen('six-session-c-ttl-1');
    await until(async () => (await seen('six-session-c-ttl-1')) !== short, { timeoutMs: 20_000 });
    expect(await session('a')).toBe(all[0]);
    expect(await seen('six', 'http://six.example/')).toMatch(/^2001:db8:10:0:/);
  });

  it('refuses a target of the other family with the word `family`', async () => {
    const refused = /^HTTP\/1.1 502 .*Proxy-Status: lumi; error=\w+; details="family"/;
    expect(await refusal('six', 'http://four.example/')).toMatch(refused);
    expect(await refusal('six', `http://${TARGET.ipv4}/`)).toMatch(refused);
    expect(await refusal('four', 'http://six.example/')).toMatch(refused);
  });

  it('leads to no address of its own machine, of which a block makes 2^64', async () => {
    const port = `:${String(SENTINEL_PORT)}/`;
    const [inBlock, ...others] = ['[2a0e:b107:10::5]', `[${NODE.ipv6}]`, '[::1]'].map(
      (host) => `http://${host}${port}`,
    );
    for (const url of [inBlock ?? '', ...others]) expect(await refusal('six', url)).toContain('details="target"');
    for (const host of ['192.0.2.11', NODE.ipv4, '127.0.0.1'])
      expect(await refusal('four', `http://${host}${port}`)).toContain('details="target"');
    expect(bridge.said).not.toContain('dialled');
    // The sentinel is there for those who do not come through the node.
    await curl(inBlock ?? '');
    await until(() => bridge.said.includes('dialled'));
  });
});
