// Requests to URLs of customers, with receivers and a resolver of the test's own: forbidden targets are never dialled,
// and nothing of what they would answer is shown.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { certificate } from '../../testing';
import { readNetworks } from './networks';
import { Outbound } from './outbound';
import type { Answer, Resolver } from './resolver';

const names = new Map<string, Answer[]>();
const looked: string[] = [];
/** Gives the answers of a name one after the other; the last one is repeated. */
const resolver: Resolver = {
  addresses: (name, family) => {
    if (family === 6) return Promise.resolve({ failure: 'none' });
    looked.push(name);
    const answers = names.get(name) ?? [{ failure: 'dns' as const }];
    return Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) ?? { failure: 'dns' });
  },
};
const outbound = (allowed = '', ca?: string): Outbound =>
  new Outbound({ resolver, networks: allowed, ...(ca === undefined ? {} : { ca }) });
const post = (from: Outbound, url: string, timeoutMs = 5_000) =>
  from.post(url, { headers: { 'content-type': 'application/json' }, body: Buffer.from('{}'), timeoutMs });

const servers: Server[] = [];
const sockets = new Set<Socket>();
type Answering = (req: IncomingMessage, res: ServerResponse) => void;
const listening = async (server: Server): Promise<number> => {
  servers.push(server);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
const receiver = (answer: Answering): Promise<number> => listening(createServer(answer));

beforeEach(() => {
  names.clear();
  looked.length = 0;
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

const FORBIDDEN_HOSTS = [
  '127.0.0.1 127.1 127.0.1 0.0.0.0 0 2130706433 017700000001 0x7f000001 0x7f.1 0177.1 127.65535 127.0.0.1. 0x7F.0x0.1',
  '127。0。0。1 １２７.0.0.1 ①②⑦.0.0.1 %31%32%37.0.0.1 127.0.0.%31',
  '10.0.0.1 012.1 167772161 100.64.0.1 169.254.169.254 0xa9fea9fe 2852039166 0251.0376.0251.0376 172.16.0.1 172.31.9.9',
  '192.168.0.1 192.168.257 3232235521 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1',
  '255.255.255.255 4294967295 192.88.99.1',
  '[::] [::1] [0:0:0:0:0:0:0:1] [::127.0.0.1] [::7f00:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::FFFF:10.0.0.1]',
  '[::ffff:0:127.0.0.1] [::ffff:8.8.8.8] [64:ff9b::7f00:1] [64:ff9b:1::1] [100::1] [2001::1] [2001:db8::1]',
  '[2002:7f00:1::]',
  '[2001:1ff:ffff::1] [3fff::1] [4000::1] [5f00::1] [fc00::1] [fd00:ec2::254] [fe80::1] [fec0::1] [ff02::1] [8000::1]',
  'localhost LOCALHOST localhost. a.localhost ⓛocalhost ｌｏｃａｌｈｏｓｔ printer.local LOCAL printer.local. db.internal',
  'metadata.google.internal Internal. db。internal',
]
  .flatMap((line) => line.split(' '))
  .map((host) => `https://${host}/hook`);

const FORBIDDEN = [
  ...FORBIDDEN_HOSTS,
  'http://example.com/',
  'HTTP://example.com/',
  'http://127.0.0.1:8080/',
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:6379/_INFO',
  'data:text/plain,x',
  'javascript:alert(1)',
  '//example.com/',
  'example.com',
  'https://',
  'https:///',
  'https://user@example.com/',
  'https://user:password@example.com/',
  'https://@example.com/',
  'https://:@example.com/',
  'https://example.com@127.0.0.1/',
  'https://127.0.0.1\\@example.com/',
  'https://example.com\\hook',
  'https://example.com:22/',
  'https://example.com:25/',
  'https://example.com:80/',
  'https://example.com:1023/',
  'https://example.com:0/',
  'https://example.com:65536/',
  'https://example.com:a/',
  'https://example.com/#a',
  'https://exa\tmple.com/',
  'https://example.com/\r\nHost: a',
  ' https://example.com/',
  'https://example.com/ ',
  `https://example.com/${'a'.repeat(2_048)}`,
  `https://example.com/${'é'.repeat(1_000)}`,
  'https://[::1%25lo]/',
  'https://256.1.1.1/',
  'https://1.2.3.4.5/',
];

describe('a forbidden target', () => {
  it('is tried in more than sixty spellings', () => {
    expect(new Set(FORBIDDEN).size).toBeGreaterThan(100);
  });

  it.each(FORBIDDEN.map((url) => [url]))('%j is refused when it is given, and when it is called', async (url) => {
    names.set('example.com', [{ addresses: ['127.0.0.1'] }]);
    const { reason } = await outbound().read(url);
    expect(reason).toEqual(expect.stringMatching(/^must /));
    expect(reason).not.toMatch(/\d+\.\d+\.\d+\.\d+|::/);
    expect(await post(outbound(), url)).toEqual({ kind: 'failed', error: 'address_not_allowed' });
  });

  it('is one of the addresses of a name: one refuses them all', async () => {
    names.set('mixed.example', [{ addresses: ['9.9.9.9', '10.0.0.1'] }]);
    expect((await outbound().read('https://mixed.example/')).reason).toContain('public internet');
    expect(await post(outbound(), 'https://mixed.example/')).toEqual({ kind: 'failed', error: 'address_not_allowed' });
  });

  it('is not dialled when the name was public at the check and is private at the connect', async () => {
    let dialled = 0;
    const port = await receiver((_req, res) => res.end('secret of the inside'));
    servers[0]?.on('connection', () => (dialled += 1));
    const url = `https://rebind.example:${String(port)}/`;
    names.set('rebind.example', [{ addresses: ['9.9.9.9'] }, { addresses: ['127.0.0.1'] }]);
    expect(await outbound().read(url)).toEqual({ value: url });
    expect(await post(outbound(), url)).toEqual({ kind: 'failed', error: 'address_not_allowed' });
    expect(dialled).toBe(0);
  });
});

describe('a request', () => {
  it('is looked up once, and dials the address that was judged although the name has another one now', async () => {
    const hits: string[] = [];
    const port = await receiver((_req, res) => {
      hits.push('judged');
      res.end('ok');
    });
    names.set('turn.example', [{ addresses: ['127.0.0.1'] }, { addresses: ['127.0.0.2'] }]);
    const outcome = await post(outbound('127.0.0.1/32'), `http://turn.example:${String(port)}/a?b=c`);
    expect(outcome).toMatchObject({ kind: 'answered', status: 200 });
    expect([hits, looked]).toEqual([['judged'], ['turn.example']]);
  });

  it('has the SNI and the Host of the URL, and the certificate must be of that name', async () => {
    const { key, cert } = certificate(new Date(Date.now() - 60_000), new Date(Date.now() + 600_000), 'shop.example');
    const seen: unknown[] = [];
    const port = await listening(
      createTlsServer({ key, cert }, ({ headers, socket, url }, res) => {
        seen.push([(socket as TLSSocket & { servername?: string }).servername, headers.host, headers.cookie, url]);
        res.setHeader('set-cookie', 'a=b').end('ok');
      }),
    );
    for (const name of ['shop.example', 'other.example']) names.set(name, [{ addresses: ['127.0.0.1'] }]);
    const sender = outbound('127.0.0.0/8', cert);
    const url = `https://shop.example:${String(port)}/hook?a=1`;
    for (const _turn of [1, 2]) expect(await post(sender, url)).toMatchObject({ status: 200 });
    expect(seen).toEqual([1, 2].map(() => ['shop.example', `shop.example:${String(port)}`, undefined, '/hook?a=1']));
    const others = [post(sender, `https://other.example:${String(port)}/`), post(outbound('127.0.0.0/8'), url)];
    for (const other of others) expect(await other).toEqual({ kind: 'failed', error: 'tls_failed' });
    expect(seen).toHaveLength(2);
  });

  it('does not follow a redirect', async () => {
    const paths: unknown[] = [];
    const port = await receiver((req, res) => {
      paths.push(req.url);
      res.writeHead(302, { location: `http://127.0.0.1:${String(port)}/inside` }).end();
    });
    expect(await post(outbound('127.0.0.1'), `http://127.0.0.1:${String(port)}/hook`)).toMatchObject({ status: 302 });
    expect(paths).toEqual(['/hook']);
  });

  it('reads 64 KiB of an answer that does not end', async () => {
    const port = await receiver((_req, res) => {
      const more = (): void => {
        while (res.write('x'.repeat(16_384)));
      };
      res.on('drain', more);
      more();
    });
    const outcome = await post(outbound('127.0.0.1'), `http://127.0.0.1:${String(port)}/`);
    expect(outcome).toMatchObject({ kind: 'answered', status: 200 });
    expect(outcome.kind === 'answered' && outcome.answer.length).toBe(65_536);
  });

  it.each<[string, Answering]>([
    ['does not answer', () => undefined],
    [
      'answers a byte at a time',
      (_req, res) => {
        const timer = setInterval(() => res.write('x'), 10);
        res.on('close', () => clearInterval(timer));
      },
    ],
  ])('ends at its limit of time when the receiver %s', async (_what, answer) => {
    const port = await receiver(answer);
    const outcome = await post(outbound('127.0.0.1'), `http://127.0.0.1:${String(port)}/`, 100);
    expect(outcome).toEqual({ kind: 'failed', error: 'timeout' });
  });

  it('says in a code why there is no answer', async () => {
    const port = await receiver((_req, res) => res.destroy());
    const noHttp = await receiver(() => undefined);
    servers[1]?.removeAllListeners('connection').on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.write('SSH-2.0-x\r\n');
    });
    const closed = await receiver(() => undefined);
    servers[2]?.close();
    const from = outbound('127.0.0.1');
    const of = async (url: string) => ((await post(from, url)) as { error?: string }).error;
    expect(await of(`http://127.0.0.1:${String(port)}/`)).toBe('connection_lost');
    expect(await of(`http://127.0.0.1:${String(noHttp)}/`)).toBe('bad_answer');
    expect(await of(`http://127.0.0.1:${String(closed)}/`)).toBe('connect_failed');
    expect(await of(`https://127.0.0.1:${String(port)}/`)).toBe('tls_failed');
    expect(await of('https://absent.example/')).toBe('name_not_found');
  });
});

describe('networks of the operator', () => {
  it('lift scheme, port and address for what leads into them, and for nothing else', async () => {
    names.set('lab.example', [{ addresses: ['10.1.2.3'] }]);
    names.set('half.example', [{ addresses: ['10.1.2.3', '10.2.0.1'] }]);
    const sender = outbound('10.1.0.0/16');
    for (const url of ['http://lab.example/', 'https://lab.example:22/', 'http://10.1.255.1:81/'])
      expect(await sender.read(url)).toEqual({ value: url });
    for (const url of ['http://half.example/', 'https://10.2.0.1/', 'http://absent.example/', 'http://9.9.9.9/'])
      expect((await sender.read(url)).reason).toMatch(/^must /);
  });

  it.each(['a', '10.0.0.0/33', '10.0.0.0/8;10.1.0.0/16', 'localhost'])('%j is refused', (text) => {
    expect(readNetworks(text).reason).toContain('must look like');
  });

  it('leave a name alone that does not resolve: it is taken', async () => {
    expect(await outbound().read('https://later.example:8443/a')).toEqual({ value: 'https://later.example:8443/a' });
  });
});
