// `lumi doctor` and what it reaches by an address: Redis, gateway, services, the pay provider, certificates.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createTcp, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket, createServer as createTls } from 'node:tls';
import { Queue } from 'bullmq';
import { openRedis } from '../../ground/runtime';
import { certificate, until } from '../../testing';
import { lookAtCertificates } from './look-at-certificates';
import { adminUrl, examined, linesOf } from './test/examined';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'lumi-doctor-'));
const open: (Server | TcpServer)[] = [];
const sockets = new Set<Socket>();
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of open) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

async function listen<T extends Server | TcpServer>(server: T): Promise<number> {
  open.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // it listens on TCP
}

describe('gateway and services', () => {
  const answers = async (status: Readonly<Record<string, number>>, body = ''): Promise<string> =>
    `http://127.0.0.1:${String(
      await listen(createHttp((req, res) => res.writeHead(status[req.url ?? ''] ?? 404).end(body))),
    )}`;

  it('are well when they say so, and failures when they are not ready, not Lumi, or not there', async () => {
    const lines = await Promise.all([
      linesOf('gateway', { PUBLIC_URL: await answers({ '/readyz': 200 }) }),
      linesOf('gateway', { PUBLIC_URL: await answers({ '/healthz': 200 }) }),
      linesOf('domains', {
        DOMAINS_URL: await answers({ '/readyz': 503 }, '{"status":"not_ready","away":["database"]}'),
      }),
      linesOf('vps', { VPS_URL: await answers({}) }),
      linesOf('proxy', { PROXY_URL: 'http://127.0.0.1:1' }),
    ]);

    expect(lines.flat()).toEqual([
      'ok    gateway: answers, and is ready',
      'ok    gateway: answers',
      expect.stringMatching(/^fail {2}domains: is not ready: .*database.* — look at what is away first$/),
      expect.stringMatching(/^fail {2}vps: answers 404 to \/healthz — is vps behind that address/),
      expect.stringMatching(/^fail {2}proxy: does not answer: connect ECONNREFUSED .* — start it/),
    ]);
  });

  it('the pay provider is a failure when it is away or refuses the token, which is not shown', async () => {
    const token = '1:secret-token';
    const provider = createHttp((req, res) =>
      res.writeHead(req.headers['crypto-pay-api-token'] === token ? 200 : 401).end(),
    );
    const CRYPTO_PAY_URL = `http://127.0.0.1:${String(await listen(provider))}`;
    const of = async (env: Record<string, string>): Promise<string> =>
      (await linesOf('suppliers', { CRYPTO_PAY_URL, ...env })).find((line) => line.includes('Crypto Pay')) ?? '';

    expect(await of({ CRYPTO_PAY_TOKEN: token })).toBe('ok    suppliers: Crypto Pay answers, and accepts the token');
    const refused = await of({ CRYPTO_PAY_TOKEN: `${token}x` });
    expect(refused).toMatch(/^fail {2}suppliers: Crypto Pay refuses the token — put the token/);
    expect(refused).not.toContain(token);
    expect(await of({ CRYPTO_PAY_URL: 'http://127.0.0.1:1' })).toMatch(
      /^fail {2}suppliers: Crypto Pay does not answer/,
    );
  });
});

describe('certificates', () => {
  const nowMs = Date.now();
  const made = certificate(new Date(nowMs - DAY_MS), new Date(nowMs + 100 * DAY_MS));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, made.cert);
  /** PostgreSQL's way: TLS only after it was asked for. */
  const postgres = () =>
    createTcp((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('S');
        new TLSSocket(socket, { isServer: true, ...made }).on('error', () => undefined);
      });
    });
  const look = async (settings: Record<string, string>, days = 0): Promise<string[]> => {
    const all = { REDIS_PREFIX: 'lumi', LUMI_STOPPED: false, DATABASE_URL: adminUrl, ...settings };
    return (await lookAtCertificates(all, nowMs + days * DAY_MS)).map(({ level, what }) => `${level} ${what}`);
  };

  it('of addresses and files are good, end soon, end very soon, or have ended', async () => {
    const port = String(await listen(postgres()));
    const DATABASE_URL = `postgres://u:x@127.0.0.1:${port}/lumi?sslmode=verify-full&sslrootcert=${ca}`;
    const levels = async (days: number) => (await look({ DATABASE_URL }, days)).map((line) => line.split(' ')[0]);

    expect(await look({ DATABASE_URL })).toEqual([
      expect.stringMatching(/^ok certificates: DATABASE_URL \(127\.0\.0\.1:\d+\) is good for 100 days$/),
      expect.stringMatching(/^ok certificates: the file .*ca\.pem is good for 100 days$/),
    ]);
    expect(await levels(85)).toEqual(['warn', 'warn']);
    expect(await levels(98)).toEqual(['fail', 'fail']);
    expect(await look({ DATABASE_URL }, 110)).toEqual([
      expect.stringMatching(/^fail certificates: DATABASE_URL \(127\.0\.0\.1:\d+\) expired 10 days ago$/),
      expect.stringMatching(/^fail certificates: the file .*ca\.pem holds one that expired 10 days ago$/),
    ]);
  });

  it('that no authority of ours signed are failures, for https and for rediss', async () => {
    const port = String(await listen(createTls(made, (socket) => socket.on('error', () => undefined))));
    expect(await look({ PUBLIC_URL: `https://127.0.0.1:${port}`, REDIS_URL: `rediss://127.0.0.1:${port}` })).toEqual(
      [
        expect.stringMatching(/^fail certificates: REDIS_URL .* is not trusted: /),
        expect.stringMatching(/^fail certificates: PUBLIC_URL .* is not trusted: /),
      ].sort(() => -1),
    );
  });

  it('cannot be read where nobody speaks TLS, and of files that hold none', async () => {
    const port = String(await listen(createTcp((socket) => socket.end('no'))));
    writeFileSync(join(folder, 'empty.pem'), 'nothing');
    expect(
      await look({
        DATABASE_URL: `postgres://u@127.0.0.1:${port}/lumi?sslmode=require`,
        PUBLIC_URL: `https://127.0.0.1:${port}`,
        NODE_EXTRA_CA_CERTS: join(folder, 'empty.pem'),
      }),
    ).toEqual([
      expect.stringMatching(/^fail certificates: DATABASE_URL .* cannot be read: the server does not offer TLS$/),
      expect.stringMatching(/^fail certificates: PUBLIC_URL .* cannot be read: /),
      expect.stringMatching(/^fail certificates: the file .*empty\.pem holds no certificate$/),
    ]);
  });
});

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis) process.stdout.write('redis-server is not installed: what the doctor says of Redis is not tested\n');
(hasRedis ? describe : describe.skip)('redis', () => {
  let server: ChildProcess;
  let url = '';
  const command = async (...words: [string, ...string[]]): Promise<void> => {
    const redis = openRedis(url, { maxRetriesPerRequest: 20, connectTimeout: 5_000 });
    redis.on('error', () => undefined);
    const [name, ...rest] = words;
    await redis.call(name, ...rest).finally(() => redis.disconnect());
  };

  beforeAll(async () => {
    const probe = createTcp();
    const port = await new Promise<number>((resolve) =>
      probe.listen(0, '127.0.0.1', () => resolve((probe.address() as AddressInfo).port)),
    );
    await new Promise((resolve) => probe.close(resolve));
    const settings = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'yes',
      '--dir',
      folder,
    ];
    server = spawn('redis-server', [...settings, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
    url = `redis://127.0.0.1:${String(port)}`;
    await until(() =>
      command('PING').then(
        () => true,
        () => false,
      ),
    );
  });
  afterAll(async () => {
    server.kill('SIGKILL');
    await until(() => server.exitCode !== null || server.signalCode !== null);
  });

  it('that keeps its rules is well, with its clock and the queue on it', async () => {
    const { lines, isWell } = await examined({ REDIS_URL: url });

    expect(isWell).toBe(true);
    expect(lines).toContainEqual(expect.stringMatching(/^ok {4}redis: version [\d.]+, policy noeviction, /));
    expect(lines).toContain('ok    redis: persistent (append-only file)');
    expect(lines).toContainEqual(expect.stringMatching(/^ok {4}clock: \d+ ms apart from Redis$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ok {4}queue: vps on Redis: 0 waiting/));
  });

  it('that may drop keys is a failure; without an append-only file or nearly full a warning', async () => {
    await command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await command('CONFIG', 'SET', 'appendonly', 'no');
    expect(await linesOf('redis', { REDIS_URL: url })).toEqual([
      expect.stringMatching(/^fail {2}redis: .* policy allkeys-lru, .* — CONFIG SET maxmemory-policy noeviction/),
      expect.stringMatching(/^warn {2}redis: no append-only file — CONFIG SET appendonly yes/),
    ]);
    await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await command('CONFIG', 'SET', 'maxmemory', '1100000');
    expect((await linesOf('redis', { REDIS_URL: url }))[0]).toMatch(
      /^warn {2}redis: .* of 1\.0 MiB — give it more memory/,
    );
    await command('CONFIG', 'SET', 'maxmemory', '0');
  });

  it('with old jobs that nobody takes is a failure of the queue', async () => {
    const redis = openRedis(url, { maxRetriesPerRequest: null, connectTimeout: 5_000 });
    const queue = new Queue('jobs-vps', { connection: redis as never, prefix: '{lumi-queue}' });
    await queue.add('x', {}, { timestamp: Date.now() - 1_200_000 });
    await queue.close();
    redis.disconnect();

    expect((await linesOf('queue', { REDIS_URL: url })).find((line) => line.includes('vps'))).toMatch(
      /^fail {2}queue: vps on Redis: 1 waiting \(the oldest 20 min\), .* — nobody takes the jobs/,
    );
  });

  it('that does not answer is a failure, and the queue with it', async () => {
    const { lines } = await examined({ REDIS_URL: 'redis://:topsecret@127.0.0.1:1' });

    expect(lines).toContainEqual(expect.stringMatching(/^fail {2}redis: cannot be looked at: .* — check REDIS_URL/));
    expect(lines).toContainEqual(expect.stringMatching(/^fail {2}queue: cannot be looked at: /));
    expect(lines.join('\n')).not.toContain('topsecret');
  });
});
