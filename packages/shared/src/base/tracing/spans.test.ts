// What became of spans is counted, whether a receiver takes them or not.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLog } from '../../ground/runtime';
import { startTracing } from './start-tracing';
import { beginPart, beginTrace, within } from './tracing';

let receiver: Server;
let status = 200;
let endpoint = '';
beforeAll(async () => {
  receiver = createServer((req, res) => req.resume().on('end', () => res.writeHead(status).end('{}')));
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${String((receiver.address() as AddressInfo).port)}`; // it listens on TCP
});
afterAll(() => {
  receiver.closeAllConnections();
  receiver.close();
});

/** One trace with so many parts, all at once; returns the counts after the last export. */
async function counted(parts: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let stop: (limitMs: number) => unknown = () => undefined;
  startTracing({
    name: 'test',
    log: silentLog,
    config: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: {},
      OTEL_TRACES_SAMPLER_ARG: 1,
      LUMI_VERSION: 'x',
    },
    shutdown: { onStop: (_name, step) => (stop = step) },
    onSpans: (outcome, spans) => (counts[outcome] = (counts[outcome] ?? 0) + spans),
  });
  const trace = beginTrace('req_1', 'request');
  within(trace, () => {
    for (let i = 0; i < parts; i += 1) beginPart('part', 'internal', {})?.end();
  });
  trace?.end();
  await stop(5_000);
  return counts;
}

it('spans that the receiver takes count as exported', async () => {
  status = 200;
  expect(await counted(9)).toEqual({ exported: 10 });
});

it('spans that it refuses count as failed', async () => {
  status = 400;
  expect(await counted(9)).toEqual({ failed: 10 });
});

it('of a full queue all is exported at a stop, and what came beyond it counts as dropped', async () => {
  status = 200;
  expect(await counted(2_999)).toEqual({ exported: 512 + 2_048, dropped: 3_000 - 512 - 2_048 });
});
