// Traces, from the edge to the supplier and to the worker, as a receiver of OTLP over HTTP gets them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { silentLog } from '@lumi/shared/runtime';
import { startTracing } from '@lumi/shared/tracing';
import { wholeWay } from '../whole-way';
import { Receiver, valueOf } from './receiver';

const shared = join(__dirname, '..', '..', '..', 'packages', 'shared', 'dist');
const gateway = join(__dirname, '..', '..', '..', 'gateway', 'dist');
const lumi = wholeWay({ products: ['domains'] });

/** With tracing on; returns what was received, after the last export. */
async function traced(work: () => Promise<unknown>, ratio = 1): Promise<Receiver> {
  const receiver = new Receiver();
  const stops: (() => unknown)[] = [];
  startTracing({
    name: 'test',
    log: silentLog,
    config: {
      OTEL_EXPORTER_OTLP_ENDPOINT: await receiver.listen(),
      OTEL_EXPORTER_OTLP_HEADERS: { 'x-receiver-key': 'key-of-the-receiver' },
      OTEL_TRACES_SAMPLER_ARG: ratio,
      LUMI_VERSION: '1.2.3',
    },
    shutdown: { onStop: (_name, step) => stops.push(step) },
    onSpans: () => undefined,
  });
  try {
    await work();
  } finally {
    for (const stop of stops) await stop();
    receiver.close();
  }
  return receiver;
}

describe('a purchase', () => {
  it('is one connected trace: gateway, service, SQL, supplier, under its request id', async () => {
    const who = await lumi.buyer({ balance: '100' });
    let requestId = '';
    const { spans, named, bodies, headers } = await traced(async () => {
      const answer = await lumi.buy(
        who,
        { domain: 'traced-purchase.test', reference: 'a-reference-of-ours' },
        'idem-key-1',
      );
      expect(answer.status).toBe(201);
      requestId = String(answer.headers['x-request-id']);
    }).then((receiver) => ({ ...receiver, named: receiver.named.bind(receiver) }));

    const [edge, ...others] = named('request');
    expect(others).toEqual([]);
    expect(edge?.parentSpanId ?? '').toBe('');
    if (edge === undefined) throw new Error('there is no first span');
    expect(valueOf(edge, 'lumi.request_id')).toBe(requestId);
    expect(valueOf(edge, 'http.response.status_code')).toBe(201);
    expect(valueOf(edge, 'lumi.product')).toBe('domains');

    const [serve] = named('serve');
    expect(serve).toMatchObject({ traceId: edge.traceId, parentSpanId: edge.spanId });
    expect(serve === undefined ? '' : valueOf(serve, 'lumi.request_id')).toBe(requestId);
    const ofServe = spans.filter(({ parentSpanId }) => parentSpanId === serve?.spanId).map(({ name }) => name);
    expect(ofServe).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^SELECT platform\.\w+$/),
        expect.stringMatching(/^supplier \w+$/),
      ]),
    );
    // The sandbox keeps its names in PostgreSQL, so its call has parts too.
    const [supplier] = named(/^supplier (?!check)/);
    expect(supplier).toMatchObject({ traceId: edge.traceId });
    const inSupplier = spans.filter(({ parentSpanId }) => parentSpanId === supplier?.spanId).map(({ name }) => name);
    expect(inSupplier).toContainEqual(expect.stringMatching(/domains\.sandbox_/));

    // Nothing of the caller: no body, key, idempotency key, reference, SQL text or value.
    const text = bodies.join('\n');
    for (const secret of [
      who.key,
      'traced-purchase',
      'a-reference-of-ours',
      'idem-key-1',
      'p_request_id',
      'key-of-the-rec',
    ])
      expect(text).not.toContain(secret);
    expect(new Set(headers)).toEqual(new Set(['key-of-the-receiver']));
  });

  it('begins its trace at our edge, whatever traceparent the caller sends', async () => {
    const who = await lumi.buyer({ balance: '100' });
    const theirs = 'a'.repeat(32);
    const receiver = await traced(async () => {
      await lumi.send('GET', '/api/v1/balance', {
        key: who.key,
        headers: { traceparent: `00-${theirs}-${'b'.repeat(16)}-01`, tracestate: 'x=y' },
      });
    });

    expect(receiver.named('request')).toHaveLength(1);
    expect(receiver.named('serve')[0]?.traceId).toBe(receiver.named('request')[0]?.traceId);
    expect(receiver.bodies.join('')).not.toContain(theirs);
  });

  it('that recovery ends later is linked from the trace of the worker', async () => {
    const who = await lumi.buyer({ balance: '100' });
    let requestId = '';
    const receiver = await traced(async () => {
      const answer = await lumi.buy(who, { domain: 'timeout-before-traced.test' });
      expect(answer.status).toBe(202);
      requestId = String(answer.headers['x-request-id']);
      await lumi.round('domains');
    });

    const edge = receiver.named('request').find((span) => valueOf(span, 'lumi.request_id') === requestId);
    const [recover] = receiver.named('recover purchase');
    expect(recover?.links).toEqual([expect.objectContaining({ traceId: edge?.traceId, spanId: edge?.spanId })]);
    expect(recover?.traceId).not.toBe(edge?.traceId);
    expect(
      receiver.spans.some(({ name, parentSpanId }) => /^supplier /.test(name) && parentSpanId === recover?.spanId),
    ).toBe(true);
  });

  it('of a bulk is made by a job, whose trace is linked to that of the request', async () => {
    const who = await lumi.buyer({ balance: '100' });
    let requestId = '';
    const receiver = await traced(async () => {
      const items = Array.from({ length: 30 }, (_, i) => ({ domain: `traced-bulk-${String(i)}.test` }));
      const answer = await lumi.pay(who, '/domains/bulk', { defaults: { years: 1 }, items });
      expect(answer.status).toBe(202);
      requestId = String(answer.headers['x-request-id']);
      await lumi.working('domains', async () => {
        const { rows } = await lumi.owner.query(
          `SELECT 1 FROM platform.batch WHERE account_id = $1 AND finished_at IS NOT NULL`,
          [who.accountId],
        );
        return rows.length === 1;
      });
    });

    const edge = receiver.named('request').find((span) => valueOf(span, 'lumi.request_id') === requestId);
    const jobs = receiver.named('job advance-batches');
    const job = jobs.find(({ links = [] }) => links.some(({ spanId }) => spanId === edge?.spanId));
    expect(job?.links).toContainEqual(expect.objectContaining({ traceId: edge?.traceId }));
    expect(receiver.spans.some(({ name, traceId }) => name === 'supplier execute' && traceId === job?.traceId)).toBe(
      true,
    );

    // How the job came into the queue: the relay passed on the row that the request had written.
    const [relay] = receiver.named('relay jobs');
    expect(relay === undefined ? undefined : valueOf(relay, 'lumi.jobs')).toBe(1);
    const added = receiver.named('queue jobs').find(({ parentSpanId }) => parentSpanId === relay?.spanId);
    expect(added).toMatchObject({ traceId: relay?.traceId });
    expect(jobs.some(({ links = [] }) => links.some(({ spanId }) => spanId === added?.spanId))).toBe(true);
    expect(receiver.named('SELECT platform.outbox_done')[0]).toMatchObject({ parentSpanId: relay?.spanId });
  });
});

describe('tracing', () => {
  it('of a part of the requests chooses whole traces, and passes on that the others are not chosen', async () => {
    const who = await lumi.buyer({ balance: '100' });
    const receiver = await traced(async () => {
      for (let i = 0; i < 40; i += 1) await lumi.get(who, '/api/v1/balance');
    }, 0.5);

    const edges = receiver.named('request');
    expect(edges.length).toBeGreaterThan(4);
    expect(edges.length).toBeLessThan(36);
    expect(
      receiver
        .named('serve')
        .map(({ traceId }) => traceId)
        .sort(),
    ).toEqual(edges.map(({ traceId }) => traceId).sort());
  });

  it('is at most a hundred traces a second', async () => {
    const who = await lumi.buyer({ balance: '100' });
    const begin = performance.now();
    const receiver = await traced(async () => {
      await Promise.all(Array.from({ length: 400 }, () => lumi.get(who, '/api/v1/balance')));
    });
    const seconds = Math.ceil((performance.now() - begin) / 1_000) + 1;

    expect(receiver.named('request').length).toBeLessThanOrEqual(100 * seconds);
    expect(receiver.named('request').length).toBeGreaterThan(0);
  });

  it('to a receiver that never answers holds no request up, and ends in time', async () => {
    const who = await lumi.buyer({ balance: '100' });
    const receiver = new Receiver();
    receiver.isStuck = true;
    const stops: (() => unknown)[] = [];
    startTracing({
      name: 'test',
      log: silentLog,
      config: {
        OTEL_EXPORTER_OTLP_ENDPOINT: await receiver.listen(),
        OTEL_EXPORTER_OTLP_HEADERS: {},
        OTEL_TRACES_SAMPLER_ARG: 1,
        LUMI_VERSION: 'x',
      },
      shutdown: { onStop: (_name, step) => stops.push(step) },
      onSpans: () => undefined,
    });
    const answers = await Promise.all(Array.from({ length: 50 }, () => lumi.get(who, '/api/v1/balance')));
    const begin = performance.now();
    for (const stop of stops) await stop();
    receiver.close();

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  it('that is off loads nothing of the SDK', () => {
    const script = `
      require(${JSON.stringify(join(shared, 'house-keeping/service/index.js'))});
      require(${JSON.stringify(join(gateway, 'wiring.js'))});
      const { startTracing } = require(${JSON.stringify(join(shared, 'base/tracing/index.js'))});
      const [, OTEL_EXPORTER_OTLP_ENDPOINT] = process.argv;
      const config = { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: {}, LUMI_VERSION: 'x' };
      startTracing({ name: 'x', config, log: { info() {} }, shutdown: { onStop() {} }, onSpans() {} });
      const isSdk = (file) => /@opentelemetry.(sdk|otlp|exporter|resources|core)/.test(file);
      console.log(Object.keys(require.cache).filter(isSdk).length);
      process.exit(0);`;
    const loaded = (endpoint: string[]) =>
      Number(spawnSync(process.execPath, ['-e', script, ...endpoint], { encoding: 'utf8' }).stdout);

    expect(loaded([])).toBe(0);
    expect(loaded(['http://127.0.0.1:1'])).toBeGreaterThan(0);
  });
});
