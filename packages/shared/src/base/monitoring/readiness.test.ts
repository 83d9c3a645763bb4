import { silentLog, type Shutdown } from '../../ground/runtime';
import { openMonitoring, serveUntilStop } from './monitored';
import { Readiness, type Dependency } from './readiness';

const there = () => Promise.resolve();
const away = () => Promise.reject(new Error('10.0.0.7 refused the connection'));

function started(...dependencies: readonly Dependency[]): Readiness {
  const readiness = new Readiness();
  readiness.needs(...dependencies);
  readiness.started();
  return readiness;
}

describe('readiness', () => {
  it('is `starting` before the process serves and `stopping` from the first moment of a stop', async () => {
    const readiness = new Readiness();
    expect(await readiness.answer()).toEqual({ status: 503, body: { status: 'starting' } });
    readiness.started();
    expect(await readiness.answer()).toEqual({ status: 200, body: { status: 'ready' } });
    readiness.stop();
    readiness.started();
    expect(await readiness.answer()).toEqual({ status: 503, body: { status: 'stopping' } });
  });

  it('names the dependency that is away, and nothing of its error', async () => {
    const readiness = started(
      { name: 'database', isVital: true, check: away },
      { name: 'queue', isVital: true, check: there },
    );
    expect(await readiness.answer()).toEqual({ status: 503, body: { status: 'not_ready', away: ['database'] } });
    expect(await readiness.states()).toEqual([
      ['database', false],
      ['queue', true],
    ]);
  });

  it('stays while only something is away that the process can do without', async () => {
    const readiness = started({ name: 'redis', isVital: false, check: away });
    expect(await readiness.answer()).toEqual({ status: 200, body: { status: 'ready', away: ['redis'] } });
  });

  it('counts a dependency as away that does not answer within two seconds', async () => {
    const readiness = started({ name: 'database', isVital: true, check: () => new Promise(() => undefined) });
    jest.useFakeTimers();
    try {
      const answer = readiness.answer();
      await jest.advanceTimersByTimeAsync(2_000);
      expect(await answer).toMatchObject({ status: 503, body: { away: ['database'] } });
    } finally {
      jest.useRealTimers();
    }
  });

  it('asks a dependency once for all probes of a second', async () => {
    let now = 0;
    let asked = 0;
    const readiness = new Readiness(() => now);
    readiness.needs({
      name: 'database',
      isVital: true,
      check: () => {
        asked += 1;
        return Promise.resolve();
      },
    });
    readiness.started();
    await Promise.all([1, 2, 3].map(() => readiness.answer()));
    expect(asked).toBe(1);
    now = 1_000;
    await readiness.answer();
    expect(asked).toBe(2);
  });
});

describe('the port for monitoring', () => {
  const settings = { HOST: '127.0.0.1', METRICS_PORT: 0, STOP_DELAY_MS: 0, LUMI_VERSION: '1.2.3', LUMI_COMMIT: 'abc' };
  const steps: { name: string; step: (limitMs: number) => Promise<void> | void }[] = [];
  const note: Shutdown['onDrain'] = (name, step) => steps.push({ name, step });
  const shutdown: Shutdown = { onStop: note, onDrain: note, stop: () => Promise.resolve() };
  const readiness = new Readiness();
  let origin = '';
  const log = {
    ...silentLog,
    info: (_message: string, fields?: Readonly<Record<string, unknown>>) => {
      origin = `http://127.0.0.1:${String(fields?.['port'])}`;
    },
  };
  const monitored = { name: 'test', config: settings, readiness, log, shutdown };
  const ask = async (path: string, method = 'GET') => {
    const answer = await fetch(`${origin}${path}`, { method, headers: { connection: 'close' } });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };

  beforeAll(() => openMonitoring(monitored));
  afterAll(async () => {
    for (const { step } of [...steps].reverse()) await step(1_000);
  });

  it('answers /healthz from the start, and /readyz with 503 until the process serves', async () => {
    expect(await ask('/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect(await ask('/readyz')).toMatchObject({ status: 503, text: '{"status":"starting"}' });
    serveUntilStop(monitored);
    expect(await ask('/readyz')).toMatchObject({ status: 200, text: '{"status":"ready"}' });
  });

  it('shows the build, the process and its event loop in the format of Prometheus', async () => {
    const { status, type, text } = await ask('/metrics');
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(text).toMatch(/^lumi_build_info\{process="test",version="1\.2\.3",commit="abc",node="\d+\.[\d.]+"\} 1$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
    expect(text).toMatch(/^lumi_ready 1$/m);
  });

  it('has nothing else, and takes nothing', async () => {
    expect((await ask('/')).status).toBe(404);
    expect((await ask('/metrics', 'POST')).status).toBe(405);
    expect(await ask('/metrics', 'HEAD')).toMatchObject({ status: 200, text: '' });
  });

  it('is the last to stop, and readiness the first', () => {
    expect(steps.map(({ name }) => name)).toEqual(['monitoring', 'readiness']);
  });
});
