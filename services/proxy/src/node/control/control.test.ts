// The control side against a server that follows the protocol: what it puts into force, keeps, sends and gives up.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, type Log } from '@lumi/shared/runtime';
import { until } from '@lumi/shared/testing';
import { Control } from './control';
import { openServiceLink } from './service-link';
import { ModelServer, wireRight } from './test/model-server';

const TOKEN = 'a-token-of-twenty-letters';
const MB = 1_048_576;

describe('the control side', () => {
  let server: ModelServer;
  let folder: string;
  let url: string;
  let controls: Control[];
  const drains: number[] = [];
  let refusals = 0;
  beforeEach(async () => {
    server = new ModelServer(TOKEN);
    server.pools = { residential: [{ address: '127.64.0.1', country: 'DE', region: null, city: null, asn: null }] };
    server.changes = [{ number: 5, right: wireRight('plan') }];
    server.model.offer('plan', 10 * MB);
    url = await server.open();
    folder = mkdtempSync(join(tmpdir(), 'lumi-control-'));
    controls = [];
  });
  afterEach(async () => {
    server.fault = () => null;
    await Promise.all(controls.map((control) => control.stop()));
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (log: Log = silentLog, token = TOKEN): Promise<Control> => {
    const control = await Control.open({
      link: openServiceLink({ url, nodeId: 'node_1', token }),
      folder,
      targetLog: 'domain',
      log,
      registration: () => ({
        version: '1',
        entry_host: null,
        ports: { first: 1, last: 2, http: 3, socks: 4 },
        exits: [],
        allowed: [],
      }),
      connections: () => 0,
      onDrain: (seconds) => drains.push(seconds),
      onRefused: () => (refusals += 1),
      refusedMs: 1_500,
    });
    controls.push(control);
    return control;
  };
  const started = async (): Promise<Control> => {
    const control = await open();
    control.start();
    await control.ready;
    return control;
  };
  /** Spends as a connection does: it waits when it stands dry. Returns what passed. */
  const spend = async (control: Control, subject: string, bytes: number, limitMs = 3_000): Promise<number> => {
    const use = control.meter.use(subject, 'DE', 'www.shop.example.co.uk');
    let passed = 0;
    while (passed < bytes) {
      const may = control.meter.spend(use, 'down', Math.min(65_536, bytes - passed));
      passed += may;
      if (may === 0 && !(await control.meter.whenFilled(subject, limitMs))) break;
    }
    use.end({ isError: false });
    return passed;
  };

  it('puts access into force, confirms it, and knows the addresses of other nodes', async () => {
    const control = await started();
    expect(control.rights.get('plan')).toMatchObject({ isMetered: true, exits: { kind: 'pool', pool: 'residential' } });
    expect(control.rights.poolOf('residential')).toHaveLength(1);
    expect([control.isPeer('192.0.2.77'), control.isPeer('192.0.2.78')]).toEqual([true, false]);
    await until(() => server.confirmed.includes(5));
    server.changes = [
      { number: 6, right: wireRight('plan', { is_enabled: false }) },
      { number: 7, right: wireRight('other') },
    ];
    await until(() => server.confirmed.includes(7));
    expect(control.rights.get('plan')?.isEnabled).toBe(false);
    server.changes = [{ number: 8, right: { subject: 'other', is_removed: true } }];
    await until(() => server.confirmed.includes(8));
    expect(control.rights.get('other')).toBeNull();
  });

  it('puts a whole of many pages into force at once', async () => {
    server.changes = Array.from({ length: 25 }, (_, i) => ({ number: 10 + i, right: wireRight(`s${String(i)}`) }));
    server.pageSize = 10;
    const control = await open();
    const sizes: number[] = [];
    control.rights.onChange(() => sizes.push(control.rights.all().length));
    control.start();
    await control.ready;
    expect(sizes).toEqual([25]);
    expect(control.rights.poolOf('residential')).toHaveLength(1);
  });

  it('serves what lies on disk while the service is away, and catches up', async () => {
    const first = await started();
    server.changes = [{ number: 6, right: wireRight('later', { is_metered: false }) }];
    await until(() => server.confirmed.includes(6));
    await first.stop();
    await server.close();
    const second = await started();
    expect(
      second.rights
        .all()
        .map(({ subject }) => subject)
        .sort(),
    ).toEqual(['later', 'plan']);
    expect(second.rights.poolOf('residential')).toHaveLength(1);
    expect(await spend(second, 'later', MB)).toBe(MB);
    expect(await spend(second, 'plan', MB, 50)).toBe(0); // metered, and without a lease
    server.changes = [{ number: 7, right: { subject: 'later', is_removed: true } }];
    await server.open(Number(new URL(url).port));
    await until(() => second.rights.get('later') === null);
    await until(() => server.model.billed('later') === MB);
  });

  it('keeps its files for its own user alone, and reads past a line that a kill left half-written', async () => {
    const first = await started();
    await until(() => server.confirmed.includes(5));
    await first.stop();
    const modes = ['access.jsonl', 'usage.json', ''].map((name) => statSync(join(folder, name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o700]);
    const file = join(folder, 'access.jsonl');
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"number":9,"isWh`);
    await server.close();
    const second = await open();
    await second.ready;
    expect(second.rights.all().map(({ subject }) => subject)).toEqual(['plan']);
    await server.open(Number(new URL(url).port));
  });

  const damages: readonly (readonly [string, (file: string) => void])[] = [
    ['empty lines', (file) => writeFileSync(file, '\n\n')],
    ['something else', (file) => writeFileSync(file, '{"isWhole":true}\n')],
    [
      'another version',
      (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('"version":1', '"version":2')),
    ],
    ['half of it', (file) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 200))],
    ['a block of zeros', (file) => writeFileSync(file, `${'\0'.repeat(4_096)}\n`)],
    ['a folder', (file) => [rmSync(file), mkdirSync(file)]],
  ];
  it.each(damages)(
    'starts when its access on disk is damaged (%s), says so, and gets it anew',
    async (_what, damage) => {
      await (await started()).stop();
      damage(join(folder, 'access.jsonl'));
      const said: string[] = [];
      const control = await open({ ...silentLog, warn: (text) => void said.push(text) });
      expect(control.rights.all()).toEqual([]);
      expect(said).toEqual([expect.stringContaining('damaged')]);
      control.start();
      await control.ready;
      expect(control.rights.get('plan')).not.toBeNull();
    },
  );

  it('serves what stands before a damaged line, and asks for what came after it', async () => {
    const first = await started();
    for (const number of [6, 7, 8]) {
      server.changes = [{ number, right: wireRight(`s${String(number)}`) }];
      await until(() => server.confirmed.includes(number));
    }
    await first.stop();
    const file = join(folder, 'access.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"number":7', '"number":"seven"'));
    const second = await open();
    const subjects = () =>
      second.rights
        .all()
        .map(({ subject }) => subject)
        .sort();
    expect(subjects()).toEqual(['plan', 's6']);
    server.changes = [7, 8].map((number) => ({ number, right: wireRight(`s${String(number)}`) }));
    second.start();
    await until(() => subjects().length === 4);
  });

  it('asks a service that answers at once and brings nothing less and less often, and hears of the next change', async () => {
    const control = await started();
    await until(() => server.confirmed.includes(5));
    const asked = (action: string): number => server.asked.filter((one) => one === action).length;
    server.isHasty = true;
    server.changes = [{ number: 6, right: wireRight('other') }];
    await until(() => server.confirmed.includes(6));
    const [questions, exchanges] = [asked('access'), asked('exchange')];
    await until(() => asked('exchange') > exchanges); // three seconds at most
    expect(asked('access') - questions).toBeLessThan(20);
    server.changes = [{ number: 7, right: wireRight('third') }];
    await until(() => control.rights.get('third') !== null);
  });

  it('begins anew with a whole when the key of the digests changes', async () => {
    const control = await started();
    await until(() => server.confirmed.includes(5));
    server.key = Buffer.from('another').toString('base64');
    server.changes = [...server.changes, { number: 6, right: wireRight('new') }];
    await until(() => control.rights.get('new') !== null);
    expect(server.confirmed.filter((number) => number === 0)).toHaveLength(2);
  });

  it('spends a quota to its last byte and no further, and tells when it is used up', async () => {
    const control = await started();
    const passed = await Promise.all([1, 2, 3, 4].map(() => spend(control, 'plan', 5 * MB)));
    expect(passed.reduce((sum, bytes) => sum + bytes, 0)).toBe(10 * MB);
    await until(() => server.model.billed('plan') === 10 * MB);
    expect(await spend(control, 'plan', 1, 600_000)).toBe(0); // it does not wait for bytes that cannot come
    const hours = [...server.model.hours.keys()].map((key) => key.split('|').slice(2));
    expect(hours).toEqual([['DE', 'example.co.uk']]);
    await until(() => server.model.requests.get('plan') === 5);
  });

  it('bills every byte once while answers are lost and requests fail', async () => {
    let n = 0;
    server.fault = (path) => (path === 'exchange' && (n += 1) % 3 !== 0 ? (n % 3 === 1 ? 'after' : 'before') : null);
    const control = await started();
    await until(() =>
      control.check().then(
        () => true,
        () => false,
      ),
    );
    expect(await spend(control, 'plan', 3 * MB, 20_000)).toBe(3 * MB);
    await until(() => server.model.billed('plan') === 3 * MB, { timeoutMs: 15_000 });
    server.fault = () => null;
    await control.stop();
    expect(server.model.billed('plan')).toBe(3 * MB);
    expect(server.model.repeats).toBeGreaterThan(0);
    expect(server.model.quotas.get('plan')).toMatchObject({ used: 3 * MB, leased: 0 });
  });

  it('sends its last usage and ends its epoch when it stops', async () => {
    const control = await started();
    expect(await spend(control, 'plan', MB)).toBe(MB);
    control.events.seen('plan', '192.0.2.0/24');
    control.events.exitChanged('plan', '127.64.0.9');
    await control.stop();
    expect(server.model.billed('plan')).toBe(MB);
    expect(server.model.quotas.get('plan')).toMatchObject({ used: MB, leased: 0 });
    expect([server.model.seen, server.model.exits]).toEqual([['plan 192.0.2.0/24'], ['plan 127.64.0.9']]);
    expect(server.asked.at(-1)).toBe('leave');
  });

  it('leaves to its successor what it could not send', async () => {
    const first = await started();
    expect(await spend(first, 'plan', MB)).toBe(MB);
    server.fault = () => 'unavailable';
    await first.stop();
    server.fault = () => null;
    const billed = server.model.billed('plan');
    await started();
    await until(() => server.model.billed('plan') === MB);
    expect(billed).toBeLessThanOrEqual(MB);
  });

  it('registers anew when the service has given it up, and loses nothing', async () => {
    const control = await started();
    expect(await spend(control, 'plan', MB)).toBe(MB);
    server.model.closeAll('node_1');
    expect(await spend(control, 'plan', MB, 10_000)).toBe(MB);
    await until(() => server.model.billed('plan') === 2 * MB);
    expect(server.asked.filter((action) => action === 'register')).toHaveLength(2);
  });

  it('hears that the operator drains it', async () => {
    await started();
    server.drainS = 7;
    await until(() => drains.includes(7));
  });

  it('ends when its token is refused for a while, and keeps nothing to serve from', async () => {
    await (await started()).stop();
    await open(silentLog, 'another-token-of-letters').then((control) => control.start());
    await until(() => refusals > 0);
    expect(existsSync(join(folder, 'access.jsonl'))).toBe(false);
    expect(existsSync(join(folder, 'usage.json'))).toBe(true);
  });

  it('says what to do when its token is refused, and never the token', async () => {
    const lines: string[] = [];
    const log = { ...silentLog, error: (text: string) => void lines.push(text) };
    const control = await open(log, 'another-token-of-letters');
    control.start();
    await until(() => lines.length > 0);
    expect(lines[0]).toContain('POST /admin/nodes');
    expect(lines.join()).not.toContain('another-token');
  });
});
