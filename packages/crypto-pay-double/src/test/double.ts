// A double in a folder of its own, its API over real HTTP, and a receiver of webhooks. All end after each test.
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createDouble, type Double, type DoubleOptions } from '../index';

export const TOKEN = '1:test-token';

export interface Received {
  body: Buffer;
  signature: string;
}

let dataDir: string;

export const folder = (): string => dataDir;
const running: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'crypto-pay-double-'));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

export async function start(options: Partial<DoubleOptions> = {}): Promise<Double> {
  const double = await createDouble({ dataDir, token: TOKEN, webhookRetryDelaysMs: [1, 1], ...options });
  running.push(double);
  return double;
}

/** Every field any method answers with; a test reads only those of its method. */
export interface Result {
  invoice_id: number;
  hash: string;
  status: string;
  pay_url: string;
  bot_invoice_url: string;
  created_at: string;
  expiration_date: string;
  accepted_assets: string[];
  items: Result[];
}

export interface Answer {
  status: number;
  ok: boolean;
  result: Result;
  error: { code: number; name: string };
}

export async function call(double: Double, method: string, params: object = {}, token = TOKEN): Promise<Answer> {
  const answer = await fetch(`${double.url}/api/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'crypto-pay-api-token': token },
    body: JSON.stringify(params),
  });
  return { ...((await answer.json()) as Answer), status: answer.status };
}

export const FIVE_USD = { currency_type: 'fiat', fiat: 'USD', amount: '5.00', payload: 'dep_1', expires_in: 3600 };

/** A receiver that answers with the given statuses in turn, then 200. */
export async function receiver(
  statuses: number[] = [],
): Promise<{ url: string; received: Received[]; count(n: number): Promise<void> }> {
  const received: Received[] = [];
  const waiting: { n: number; resolve: () => void }[] = [];
  const server = http.createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      received.push({ body: Buffer.concat(chunks), signature: String(req.headers['crypto-pay-api-signature']) });
      res.statusCode = statuses.shift() ?? 200;
      res.end();
      for (const one of waiting) if (received.length >= one.n) one.resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push({
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    count: (n) => new Promise((resolve) => (received.length >= n ? resolve() : waiting.push({ n, resolve }))),
  };
}
