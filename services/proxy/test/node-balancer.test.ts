// Two nodes behind HAProxy with the configuration of docs/nodes.md: the nodes know the address of the client, and one
// client stays at one node.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@lumi/shared/testing';
import { curl, hasCurl, NodeFixture, PAIR } from './node-fixture';

const HAPROXY = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy', '/usr/bin/haproxy'].find((path) => existsSync(path));
const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'nodes.md'), 'utf8');
const [, printed = ''] = /^```haproxy\n([\s\S]*?)^```$/m.exec(page) ?? [];
/** Of the balancer to its clients. Loopback has more addresses on Linux only. */
const BALANCER = '127.0.0.2';
const NODES = { '10.0.0.11': '127.0.0.1', '10.0.0.12': '127.0.0.3' };

const lacks = [
  ...(process.platform === 'linux' ? [] : ['Linux']),
  ...(HAPROXY === undefined ? ['HAProxy (Debian: haproxy)'] : []),
  ...(hasCurl ? [] : ['curl']),
];
if (lacks.length > 0) process.stdout.write(`nodes behind a balancer are not tested without ${lacks.join(', ')}\n`);

(lacks.length === 0 ? describe : describe.skip)('a node behind HAProxy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-balancer-'));
  const admin = join(folder, 'admin');
  const nodes: NodeFixture[] = [];
  let balancer: ChildProcess;
  let ports: { readonly http: number; readonly socks: number; readonly own: number };

  beforeAll(async () => {
    const finder = new NodeFixture();
    ports = { http: await finder.freePort(), socks: await finder.freePort(), own: await finder.freePort() };
    for (const host of Object.values(NODES)) {
      const node = new NodeFixture({
        host,
        httpPort: ports.http,
        socksPort: ports.socks,
        isTrusted: (address) => address.startsWith('127.0.0.'),
      });
      await node.open();
      const pool = { kind: 'pool', pool: 'four' } as const;
      const exits = [1, 2, 3, 4].map((last) => ({
        address: `127.64.1.${String(last)}`,
        country: 'XA',
        region: null,
        city: null,
        asn: null,
      }));
      const own = { subject: 'prx_own', port: ports.own, logins: [], blocks: [{ block: '127.0.0.7', untilMs: null }] };
      node.rights.apply({ rights: [node.right({ exits: pool }), node.right(own)], pools: { four: exits } });
      await node.plane.ready();
      nodes.push(node);
    }
    let text = printed;
    for (const [written, address] of Object.entries(NODES)) text = text.replaceAll(written, address);
    const places = { ':20000-29999': ports.own, ':19080': ports.http, ':19081': ports.socks };
    for (const [written, port] of Object.entries(places))
      text = text
        .replaceAll(`bind ${written}`, `bind ${BALANCER}:${String(port)}`)
        .replaceAll(written, `:${String(port)}`);
    text = text.replaceAll('port 19080', `port ${String(ports.http)}`);
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, `global\n  stats socket ${admin} mode 600\n${text}`);
    balancer = spawn(HAPROXY ?? '', ['-db', '-f', file], { stdio: 'inherit' });
    for (const port of Object.values(ports))
      await until(async () => {
        const socket = connect(port, BALANCER);
        await once(socket, 'connect');
        socket.destroy();
        return true;
      });
  });
  afterAll(async () => {
    const ended = once(balancer, 'exit');
    balancer.kill('SIGTERM');
    await ended;
    for (const node of nodes) await node.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (from: string, proxy: string): Promise<string> =>
    curl(['--interface', from, '-x', proxy, 'http://echo.lumi.test/']).then(({ out }) => out);

  it('lets the address of a client in that is on an allow-list, and no other', async () => {
    const own = `http://${BALANCER}:${String(ports.own)}`;
    expect(JSON.parse(await ask('127.0.0.7', own))).toMatchObject({ ip: '127.64.0.5' });
    expect(await ask('127.0.0.8', own)).toBe('');
    const clients = (): string[] => nodes.flatMap(({ events }) => events.connections.map(({ client }) => client));
    await until(() => clients().includes('127.0.0.7'));
    expect(clients().filter((client) => client !== '127.0.0.7')).toEqual([]);
  });

  it('passes the checks of its balancer', async () => {
    const states = async (): Promise<(string | undefined)[]> => {
      const socket = connect(admin).setEncoding('utf8').end('show stat\n');
      let csv = '';
      for await (const part of socket) csv += String(part);
      const [head = '', ...lines] = csv.split('\n');
      const at = head.split(',').indexOf('check_status');
      return lines.filter((line) => line.startsWith('nodes,fra-')).map((line) => line.split(',')[at]);
    };
    await until(async () => !(await states()).some((state) => state === 'INI' || state?.startsWith('* ')));
    expect(await states()).toEqual(['L4OK', 'L4OK']);
  });

  it.each(['http', 'socks5h'] as const)('keeps a client at one node, and so its session, over %s', async (scheme) => {
    const port = scheme === 'http' ? ports.http : ports.socks;
    const proxy = `${scheme}://${PAIR[0]}-session-a:${PAIR[1]}@${BALANCER}:${String(port)}`;
    const uses = (): number[] => nodes.map(({ meter }) => meter.uses.length);
    const before = uses();
    const exits = new Set<string>();
    for (let i = 0; i < 6; i += 1) exits.add((JSON.parse(await ask('127.0.0.9', proxy)) as { ip: string }).ip);
    expect(exits.size).toBe(1);
    expect(
      uses()
        .map((count, i) => count - (before[i] ?? 0))
        .sort(),
    ).toEqual([0, 6]);
    for (let last = 10; last < 26; last += 1) await ask(`127.0.0.${String(last)}`, proxy);
    expect(uses().map((count, i) => count > (before[i] ?? 0))).toEqual([true, true]);
  });
});
