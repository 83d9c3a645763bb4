// The port of a process for monitoring and probes (METRICS_PORT): `/metrics`, `/healthz`, `/readyz`. It is not the port
// of the API, and the gateway forwards nothing to it. It shows numbers only, so it asks for no key; keep it inside.
import http from 'node:http';
import { registry } from './meters';
import type { Readiness } from './readiness';

export interface MonitoringPort {
  /** The port, also when 0 was asked for. */
  readonly port: number;
  stop(): Promise<void>;
}

export interface MonitoringPortOptions {
  readonly host: string;
  readonly port: number;
  readonly readiness: Readiness;
}

const CONNECTIONS_MAX = 50;
const REQUEST_LIMIT_MS = 10_000;
const JSON_TYPE = 'application/json; charset=utf-8';

export async function openMonitoringPort({ host, port, readiness }: MonitoringPortOptions): Promise<MonitoringPort> {
  const server = http.createServer(
    { maxHeaderSize: 8_192, requestTimeout: REQUEST_LIMIT_MS, headersTimeout: REQUEST_LIMIT_MS },
    (req, res) => {
      answer(req, readiness).then(
        ({ status, type, text }) => {
          res.writeHead(status, {
            'Content-Type': type,
            'Content-Length': Buffer.byteLength(text),
            'Cache-Control': 'no-store',
          });
          res.end(req.method === 'HEAD' ? undefined : text);
        },
        () => res.destroy(),
      );
      req.resume();
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function answer(req: http.IncomingMessage, readiness: Readiness): Promise<Answer> {
  const asJson = (status: number, body: object): Answer => ({ status, type: JSON_TYPE, text: JSON.stringify(body) });
  if (req.method !== 'GET' && req.method !== 'HEAD') return asJson(405, { status: 'only GET and HEAD' });
  switch (req.url?.split('?')[0]) {
    case '/metrics':
      return { status: 200, type: registry.contentType, text: await registry.metrics() };
    case '/healthz':
      return asJson(200, { status: 'ok' });
    case '/readyz': {
      const { status, body } = await readiness.answer();
      return asJson(status, body);
    }
    default:
      return asJson(404, { status: 'there are /metrics, /healthz and /readyz' });
  }
}
