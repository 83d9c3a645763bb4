// One double: its API with faults, its stock, and the endpoints of what it sold.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { ForwardingEndpoints } from './endpoints';
import { Faults, type Fault, type Kind } from './faults';
import { answerTo, type Answer, type Ask } from './routes';
import { Stock, type CountMap } from './stock';

export interface DoubleOptions {
  readonly token: string;
  /** Addresses per country. */
  readonly countries: CountMap;
  /** 0 picks a free one. */
  readonly port?: number;
  readonly now?: () => Date;
}

export interface UpstreamDouble {
  readonly url: string;
  readonly faults: Faults;
  readonly stock: Stock;
  /** A list that is bought from now on is ready after so many questions. */
  readsUntilReady: number;
  /** Requests of a kind that it got, those with faults included. */
  asked(kind: Kind): number;
  /** Bytes that its endpoints carried. */
  readonly carried: number;
  stop(): Promise<void>;
}

const BODY_MAX = 64 * 1024;
const HUGE = 8 * 1024 * 1024;
const THROTTLED_S = 1;
const REFUSED: Answer = { status: 400, body: { non_field_errors: [{ message: 'Not now.', code: 'invalid' }] } };

export async function createUpstreamDouble({
  token,
  countries,
  port = 0,
  now = () => new Date(),
}: DoubleOptions): Promise<UpstreamDouble> {
  const endpoints = new ForwardingEndpoints();
  const stock = new Stock(countries, endpoints, now);
  const faults = new Faults();
  const counts = new Map<Kind, number>();
  const state = { readsUntilReady: 0 };
  const server = http.createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });

  async function serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const ask = await read(request);
    const kind = kindOf(ask);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const fault = faults.take(kind);
    if (request.headers.authorization !== `Token ${token}` || fault === 'unauthorized')
      return reply(response, { status: 401, body: { detail: 'Invalid token.' } });
    if (fault === 'hang-before') return;
    if (fault === 'cut-before') return void request.socket.destroy();
    if (fault === 'error-before') return reply(response, { status: 500, body: { detail: 'Server error.' } });
    if (fault === 'refused') return reply(response, REFUSED);
    if (fault === 'throttled')
      return reply(
        response,
        { status: 429, body: { detail: 'Request was throttled.' } },
        { 'Retry-After': String(THROTTLED_S) },
      );
    const acting = { fewer: fewerBy(fault), readsUntilReady: state.readsUntilReady };
    const answer = await answerTo(stock, ask, acting, now);
    end(request, response, answer, fault);
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, // a TCP server that listens has one
    faults,
    stock,
    get readsUntilReady() {
      return state.readsUntilReady;
    },
    set readsUntilReady(reads) {
      state.readsUntilReady = reads;
    },
    asked: (kind) => counts.get(kind) ?? 0,
    get carried() {
      return endpoints.bytes;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections(); // requests that were never answered
      await endpoints.stop();
    },
  };
}

/** The answer to what was done, or its loss. */
function end(request: http.IncomingMessage, response: http.ServerResponse, answer: Answer, fault: Fault | null): void {
  switch (fault) {
    case 'hang-after':
      return;
    case 'cut-after':
      return void request.socket.destroy();
    case 'error-after':
      return reply(response, { status: 502, body: { detail: 'Bad gateway.' } });
    case 'wrong-json-after':
      return void response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"plan": 1');
    case 'wrong-shape-after':
      return reply(response, { status: 200, body: { plan: 'soon', results: 'none' } });
    case 'huge-after':
      return reply(response, { status: 200, body: { padding: 'x'.repeat(HUGE) } });
    default:
      return reply(response, answer);
  }
}

function fewerBy(fault: Fault | null): number {
  return fault === 'none' ? Number.MAX_SAFE_INTEGER : fault === 'one-less' ? 1 : 0;
}

function kindOf({ method, path, body }: Ask): Kind {
  if (method !== 'POST') return 'read';
  if (path.endsWith('/purchase/')) return 'purchase';
  if (path.endsWith('/cancel/')) return 'cancel';
  const isDryRun = typeof body === 'object' && body !== null && 'dry_run' in body && body.dry_run === true;
  return isDryRun ? 'read' : 'replace';
}

async function read(request: http.IncomingMessage): Promise<Ask> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://double');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const body: unknown = text === '' ? null : JSON.parse(text);
  return { method: request.method ?? 'GET', path: pathname, query: searchParams, body };
}

function reply(response: http.ServerResponse, { status, body }: Answer, headers: http.OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}
