// The command line, as a process of its own, against the real gateway and service.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { until } from '@lumi/shared/testing';
import { wholeWay, type Buyer } from '../whole-way';

jest.setTimeout(60_000);
const root = join(__dirname, '..', '..', '..');
const file = join(root, 'packages', 'cli', 'dist', 'lumi.js');
const home = mkdtempSync(join(tmpdir(), 'lumi-cli-'));
const lumi = wholeWay({ products: ['domains'] });
let who: Buyer;

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}
class Started {
  out = '';
  err = '';
  status: number | null = null;
  readonly ended: Promise<Ended>;
  constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.err += chunk.toString()));
    this.ended = new Promise((resolve) => {
      child.on('close', (status) => resolve({ status, out: this.out, err: this.err }));
    });
  }
}
const environment = (more: Record<string, string> = {}): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  LUMI_API_URL: lumi.address(),
  LUMI_API_KEY: who.key,
  ...more,
});
const start = (args: readonly string[], env = environment()): Started =>
  new Started(spawn(process.execPath, [file, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] }));
const run = async (args: readonly string[], { env = environment(), input = '' } = {}): Promise<Ended> => {
  const started = start(args, env);
  started.child.stdin?.end(input);
  return started.ended;
};

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, 'scripts', 'cli.mjs'), '--build-only'], { cwd: root });
  who = await lumi.buyer({ balance: '100.00' });
});
afterEach(async () => expect(await lumi.breaches()).toEqual([]));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('what it prints', () => {
  it('is a table, JSON, CSV or ids', async () => {
    expect(await run(['balance', '--json'])).toMatchObject({ status: 0, err: '' });
    expect(JSON.parse((await run(['balance', '--json'])).out)).toMatchObject({ available_usd: '100.00' });
    expect((await run(['balance'])).out).toMatch(/^available_usd +100\.00$/m);
    expect((await run(['transactions', '--csv'])).out.split('\r\n')[0]).toContain('amount_usd');
    expect((await run(['transactions', '--quiet'])).out).toMatch(/^trf_\w+\n$/);
    expect((await run(['transactions', 'list', '--all', '--limit', '1'])).out.split('\n')).toHaveLength(3);
  });

  it('has no code that a terminal would obey', async () => {
    await run(['contacts', 'create', '--body', '-', '--json'], { input: JSON.stringify(contact('Ada\u001b[2J')) });
    const { out } = await run(['contacts']);
    expect(out).not.toContain('\u001b');
  });
});

const contact = (first: string): object => ({
  first_name: first,
  last_name: 'Lovelace',
  email: 'ada@example.com',
  phone: '+44.2071234567',
  address1: 'St James Square 12',
  city: 'London',
  country: 'GB',
});

describe('a purchase', () => {
  it('is refused without a terminal and without --yes', async () => {
    const { status, err } = await run(['domains', 'buy', 'cli-refused.test']);
    expect([status, err]).toEqual([1, 'This moves money. Without a terminal it needs --yes.\n']);
    expect((await lumi.money(who.accountId)).balance).toBe('100.00');
  });

  it('asks with the price at a terminal, and buys after a yes', async () => {
    const asking = async (answer: string): Promise<string> => {
      const args = ['-c', PTY, answer, process.execPath, file, 'domains', 'buy', 'cli-asked.test'];
      return (await new Started(spawn('python3', args, { env: environment() })).ended).out;
    };
    expect(await asking('n')).toMatch(/Buy a domain: 1\.00 USD\. Go on\? \[y\/N\] [^]*Nothing was done\.[^]*status 1/);
    expect(await asking('y')).toMatch(/cli-asked\.test[^]*status 0/);
    expect((await lumi.money(who.accountId)).balance).toBe('99.00');
  });

  it('ends with 0 when it is done, 1 when it is refused, 4 while it is running', async () => {
    const buy = (domain: string, ...more: string[]) => run(['domains', 'buy', domain, '--yes', ...more]);
    expect(await buy('cli-bought.test', '--years', '1', '--quiet')).toMatchObject({
      status: 0,
      out: 'cli-bought.test\n',
    });
    const again = await buy('cli-bought.test', '--idempotency-key', 'cli-key-0001');
    expect([again.status, again.out]).toEqual([1, '']);
    expect(again.err).toMatch(/^already_owned: .*\n {2}request req_/);

    const pending = await buy('pending-then-done-cli.test', '--json');
    expect(pending.status).toBe(4);
    const { operation_id: id } = JSON.parse(pending.out) as { operation_id: string };
    expect(await run(['wait', id, '--timeout', '0.05'])).toMatchObject({ status: 4 });
    const waiting = run(['wait', id]);
    for (let looks = 0; looks < 3; looks += 1) await lumi.round('domains');
    expect(await waiting).toMatchObject({ status: 0, err: expect.stringContaining('completed') });
  });

  it('can be looked up by its key', async () => {
    await run(['domains', 'buy', 'cli-keyed.test', '--yes', '--idempotency-key', 'cli-key-0002']);
    const { status, out } = await run(['requests', 'cli-key-0002', '--json']);
    expect([status, JSON.parse(out)]).toMatchObject([0, { state: 'done' }]);
  });
});

it.each([
  ['an unknown command', ['domains', 'explode']],
  ['an unknown option', ['domains', 'list', '--explode']],
  ['a missing field', ['domains', 'buy', '--yes']],
  ['a value of another kind', ['domains', 'buy', 'x.test', '--years', 'two', '--yes']],
  ['a file that is not there', ['domains', 'buy', '--body', '@/nowhere.json', '--yes']],
  ['an unknown profile', ['balance', '--profile', 'nobody']],
  ['a command of another product', ['servers', 'list']],
])('ends with 2 for %s, and sends nothing', async (_name, args) => {
  const { status, err } = await run(args);
  expect([status, err.length > 0]).toEqual([2, true]);
});

it('ends with 3 when Lumi is not reached', async () => {
  const env = environment({ LUMI_API_URL: 'http://127.0.0.1:9' });
  expect(await run(['balance'], { env })).toMatchObject({ status: 3, out: '' });
});

it('login stores the key in a file of the user alone, after Lumi has taken it', async () => {
  const { LUMI_API_KEY: _key, ...env } = environment();
  const profiles = join(home, '.config', 'lumi', 'profiles.json');
  expect(await run(['balance'], { env })).toMatchObject({ status: 2 });
  expect(await run(['login'], { env, input: 'lumi_domains_wrong_key\n' })).toMatchObject({ status: 1 });
  const { status, out, err } = await run(['login', lumi.address()], { env, input: `${who.key}\n` });
  expect([status, `${out}${err}`.includes(who.key)]).toEqual([0, false]);
  expect(statSync(profiles).mode & 0o777).toBe(0o600);
  expect(readFileSync(profiles, 'utf8')).toContain(who.key);

  expect(await run(['me', '--quiet'], { env })).toMatchObject({ status: 0 });
  const listed = await run(['profiles'], { env });
  expect(listed.out).toMatch(/^domains@127\.0\.0\.1:\d+ /);
  expect(listed.out).not.toContain(who.key);
  expect(await run(['logout', listed.out.split(' ')[0] ?? ''], { env })).toMatchObject({ status: 0 });
  expect(await run(['me'], { env })).toMatchObject({ status: 2 });
});

it('deposit --wait shows where to pay, and ends when the money is there', async () => {
  const started = start(['deposit', '25', '--wait', '--yes', '--quiet']);
  const token = await until(() => /\/sandbox\/pay\/(\S+)/.exec(started.err)?.[1]);
  await lumi.send('POST', `/api/v1/sandbox/pay/${token}`);
  for (let looks = 0; looks < 2; looks += 1) await lumi.round('domains');
  expect(await started.ended).toMatchObject({ status: 0, out: expect.stringMatching(/^dep_/) });
});

describe('events', () => {
  it('listen posts each new event, signed so that the official package verifies it', async () => {
    const got: { headers: http.IncomingHttpHeaders; body: string }[] = [];
    const hook = http.createServer((req, res) => {
      let body = '';
      req.on('data', (chunk: Buffer) => (body += chunk.toString()));
      req.on('end', () => {
        got.push({ headers: req.headers, body });
        res.end();
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    const { port } = hook.address() as AddressInfo;
    const started = start(['listen', '--forward-to', `http://127.0.0.1:${String(port)}/hook`, '--types', 'domain.*']);
    const secret = await until(() => /whsec_\S+/.exec(started.err)?.[0]);
    await run(['domains', 'buy', 'cli-listened.test', '--yes']);
    const { headers, body } = await until(() => got.find((one) => one.body.includes('cli-listened.test')));
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
      type: 'domain.registered',
      subject: 'cli-listened.test',
    });
    expect(headers['webhook-id']).toBe((JSON.parse(body) as { id: string }).id);
    // Nothing of what happened before.
    expect(got.filter((one) => !one.body.includes('cli-listened.test'))).toEqual([]);
    await until(() => started.out.includes('cli-listened.test'));
    started.child.kill('SIGINT');
    expect(await started.ended).toMatchObject({ status: 0, out: expect.stringMatching(/domain\.registered .* 200\n/) });
    await new Promise((resolve) => hook.close(resolve));
  });

  it('--follow prints each event as it comes', async () => {
    const started = start(['events', '--follow', '--types', 'domain.registered', '--json']);
    await until(() => started.out.includes('cli-listened.test'));
    started.child.kill('SIGTERM');
    const { status, out } = await started.ended;
    const ids = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect([status, new Set(ids).size]).toEqual([0, ids.length]);
  });
});

it.each(['bash', 'zsh', 'fish'])('completes in %s', async (shell) => {
  expect(await run(['completion', shell])).toMatchObject({ status: 0, out: expect.stringContaining('__complete') });
});
it('completes commands, then options', async () => {
  const words = async (...before: string[]) => (await run(['__complete', ...before])).out.split('\n');
  expect(await words()).toEqual(expect.arrayContaining(['domains', 'servers', 'proxies', 'deposit', 'listen']));
  expect(await words('domains')).toContain('buy');
  expect(await words('domains', 'buy')).toContain('--years');
});

it('the examples of docs/cli.md run', async () => {
  const page = readFileSync(join(root, 'docs', 'cli.md'), 'utf8');
  const examples = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code]) => code).join('');
  expect(examples.split('\n').length).toBeGreaterThan(10);
  const shell = `set -eu -o pipefail\nlumi() { '${process.execPath}' '${file}' "$@"; }\n${examples}`;
  const { status, out, err } = await new Started(spawn('bash', ['-c', shell], { env: environment() })).ended;
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out).toContain('guide-1.test');
});

/** Runs a command at a terminal of its own, answers its question, and prints what the terminal showed. */
const PTY = `
import os, pty, sys
answer, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0: os.execv(command[0], command)
shown, answered = b'', False
while True:
    try: data = os.read(terminal, 4096)
    except OSError: break
    if not data: break
    shown += data
    if not answered and b'[y/N]' in shown:
        os.write(terminal, answer.encode() + b'\\r'); answered = True
print(shown.decode(), 'status', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
