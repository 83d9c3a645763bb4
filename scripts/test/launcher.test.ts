// How `npm start` starts, stops and behaves when it is killed. The tests are steps in the life of one installation.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { until } from '@lumi/shared/testing';
import { Installation, isAlive, type Demo, type Launch } from './installation';

jest.setTimeout(300_000);

describe('npm start', () => {
  const installation = new Installation();
  let launch: Launch;
  let demo: Demo;
  let bought: string;

  afterAll(() => installation.dispose());

  const buy = () =>
    fetch(`${demo.products.domains.base}/domains`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${demo.products.domains.reseller.key}`,
        'idempotency-key': 'launcher-test-1',
        'content-type': 'application/json',
      },
      body: '{"domain":"launcher-test.test","years":1}',
    });

  it('serves a purchase after it reports that it is ready', async () => {
    launch = await installation.start().ready();
    demo = installation.demo();

    const answer = await buy();

    expect(answer.status).toBe(201);
    bought = await answer.text();
  });

  it('stores secrets and keys readable for the owner of the folder only', () => {
    expect(statSync(installation.file('secrets.json')).mode & 0o777).toBe(0o600);
    expect(statSync(installation.file('demo.json')).mode & 0o777).toBe(0o600);
  });

  it('gives every product a key of each kind, on one account', () => {
    for (const [product, { base, operator, reseller }] of Object.entries(demo.products)) {
      expect(base.startsWith(demo.gateway)).toBe(true);
      expect(operator.key).toMatch(new RegExp(`^lumi_${product}_`));
      expect(reseller.key).toMatch(new RegExp(`^lumi_${product}_`));
      expect(reseller.user_id).toBe(demo.products.domains.reseller.user_id);
    }
  });

  it('is looked at by lumi doctor, which finds nothing to repair', () => {
    const { status, stdout } = spawnSync(process.execPath, ['packages/launcher/src/lumi.mjs', 'doctor'], {
      env: { PATH: process.env.PATH, LUMI_DATA_DIR: installation.folder },
      encoding: 'utf8',
    });

    expect(stdout).toContain('ok    gateway: answers');
    expect(stdout).toMatch(/^ok {4}workers: recovery and the check of the books are on time$/m);
    expect(stdout).not.toMatch(/^fail/m);
    expect(status).toBe(0);
  });

  it('refuses a second start on the same folder', async () => {
    const { code, said } = await installation.start().end();

    expect(code).toBe(1);
    expect(said).toMatch(/^Lumi is already running on .*\n$/);
  });

  it('restarts a worker that died', async () => {
    const before = installation.pids();
    const victim = workerOf(installation);

    process.kill(victim, 'SIGKILL');

    await until(() => launch.said.includes('running again'), { timeoutMs: 60_000 });
    expect(installation.pids()).toHaveLength(before.length);
    expect(installation.pids()).not.toContain(victim);
  });

  it('stops all processes on SIGTERM, exits with 0 and leaves neither process nor lock', async () => {
    const pids = installation.pids();

    launch.kill('SIGTERM');
    const { code } = await launch.end();

    expect(code).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(installation.file('lock'))).toBe(false);
    expect(existsSync(installation.file('postgres/postmaster.pid'))).toBe(false);
  });

  it('finds keys and purchases again at the second start', async () => {
    launch = await installation.start().ready();
    const again = installation.demo();
    expect(again.products.domains.reseller).toEqual(demo.products.domains.reseller);
    demo = again;

    const answer = await buy();

    expect(answer.headers.get('idempotent-replayed')).toBe('true');
    expect(await answer.text()).toBe(bought);
  });

  it('takes its processes along when it is killed', async () => {
    const pids = installation.pids();

    launch.kill('SIGKILL');

    await until(() => pids.every((pid) => !isAlive(pid)), { timeoutMs: 60_000 });
    expect(existsSync(installation.file('lock'))).toBe(true);
  });

  it('takes over the lock of a dead launcher, sets the password of a new role, and stops old processes', async () => {
    const secrets = JSON.parse(readFileSync(installation.file('secrets.json'), 'utf8')) as {
      rolePasswords: Record<string, string>;
    }; // as it is written
    const { lumi_admin: _since, ...before } = secrets.rolePasswords;
    writeFileSync(installation.file('secrets.json'), JSON.stringify({ ...secrets, rolePasswords: before }));
    launch = await installation.start().ready();
    demo = installation.demo();
    expect(
      (
        await fetch(`${demo.products.domains.base}/admin/users`, {
          headers: { authorization: `Bearer ${demo.products.domains.operator.key}` },
        })
      ).status,
    ).toBe(200);
    expect(statSync(installation.file('secrets.json')).mode & 0o777).toBe(0o600);

    launch.kill('SIGINT');
    launch.kill('SIGINT');

    expect((await launch.end()).code).toBe(0);
    expect(existsSync(installation.file('lock'))).toBe(false);
  });

  it.each([
    ['secrets.json', '{', /secrets\.json is damaged/],
    ['demo.json', '{}', /demo\.json is damaged/],
    ['postgres/PG_VERSION', '17\n', /was made by PostgreSQL 17/],
  ])('reports in one sentence that %s is invalid', async (name, content, sentence) => {
    const file = installation.file(name);
    copyFileSync(file, `${file}.kept`);
    writeFileSync(file, content);

    const { code, said } = await installation.start().end();

    copyFileSync(`${file}.kept`, file);
    expect(code).toBe(1);
    expect(said.trim().split('\n')).toEqual([expect.stringMatching(sentence)]);
    expect(existsSync(installation.file('lock'))).toBe(false);
  });
});

describe('npm start in an empty folder', () => {
  const installation = new Installation();
  let other: Server;

  beforeAll(async () => {
    other = createServer().listen(0, '127.0.0.1');
    await until(() => other.listening);
  });
  afterAll(async () => {
    await new Promise((resolve) => other.close(resolve));
    await installation.dispose();
  });

  it('says how to choose another port when its own is taken, and leaves nothing behind', async () => {
    const { port } = other.address() as AddressInfo; // it listens on TCP

    const { code, said } = await installation.start({ PORT: String(port) }).end();

    expect(code).toBe(1);
    expect(said).toMatch(/^Port \d+ is already in use; choose another one, for example: PORT=\d+ npm start\n$/);
    expect(existsSync(installation.folder)).toBe(false);
  });

  it.each([[['--nonsense']], [['--dev=yes']], [['start']]])('refuses %j, which it does not know', (flags) => {
    const { status, stderr } = spawnSync(process.execPath, ['packages/launcher/src/start.mjs', ...flags], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LUMI_DATA_DIR: installation.folder },
      timeout: 60_000,
    });

    expect(status).toBe(1);
    expect(stderr).toBe(
      `npm start does not know “${flags.join(' ')}”; settings are given as variables, such as PORT=8081 npm start.\n`,
    );
    expect(existsSync(installation.folder)).toBe(false);
  });

  it('stops on a signal while it waits for a silent server, and otherwise gives up after a while', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
    await until(() => silent.listening);
    const { port } = silent.address() as AddressInfo; // it listens on TCP
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    const launch = installation.start({ DATABASE_URL: `postgres://lumi@127.0.0.1:${String(port)}/lumi` });

    await connected;
    launch.kill('SIGTERM');

    expect((await launch.end()).code).toBe(0);
    const unanswered = await installation.start({ REDIS_URL: `redis://127.0.0.1:${String(port)}` }).end();
    expect(unanswered.code).toBe(1);
    expect(unanswered.said).toContain(`REDIS_URL (redis://127.0.0.1:${String(port)}) cannot be used: `);
    await new Promise((resolve) => silent.close(resolve));
  });

  it.each([
    [{ PORT: 'http' }, /^PORT must be a number/],
    [{ DATABASE_URL: 'mysql://localhost/lumi' }, /^DATABASE_URL must be a URL that starts with postgres/],
    [
      { DATABASE_URL: 'postgres://lumi:topsecret@127.0.0.1:1/lumi' },
      /^DATABASE_URL \(postgres:\/\/lumi@127\.0\.0\.1:1\/lumi\) cannot be used: connect ECONNREFUSED/,
    ],
    [
      { REDIS_URL: 'redis://:topsecret@127.0.0.1:1' },
      /^REDIS_URL \(redis:\/\/127\.0\.0\.1:1\) cannot be used: connect ECONNREFUSED/,
    ],
  ])('refuses %j in one sentence that shows no password', async (env, sentence) => {
    const { code, said } = await installation.start(env).end();

    expect(code).toBe(1);
    expect(said.trim().split('\n').pop()).toMatch(sentence);
    expect(said).not.toContain('topsecret');
  });
});

/** The process of a worker, recognised by its command line. */
function workerOf(installation: Installation): number {
  const pid = installation
    .pids()
    .find(
      (one) =>
        existsSync(`/proc/${one}/cmdline`) && readFileSync(`/proc/${one}/cmdline`, 'utf8').includes('worker.bundle.js'),
    );
  if (pid === undefined) throw new Error('there is no worker');
  return pid;
}
