// Builds one double: store, webhook sender, HTTP server. Tests use it in process; server.ts runs it as a process of its
// own.

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

import express, { type Express } from 'express';

import { apiRouter, requireToken, sendError } from './api';
import type { Asset } from './assets';
import { noFaults, readFaults, type Faults } from './faults';
import type { MethodContext } from './methods/context';
import { payPage } from './pay-page';
import { payInvoice } from './payment';
import { Store } from './store';
import { WebhookSender } from './webhook';

export interface DoubleOptions {
  dataDir: string;
  token: string;
  host?: string;
  /** 0 picks a free one. */
  port?: number;
  /** Origin shown in invoice links; by default the address listened on. */
  publicUrl?: string;
  webhookUrl?: string;
  webhookRetryDelaysMs?: readonly number[];
  now?: () => Date;
}

export interface Double {
  readonly url: string;
  readonly port: number;
  /** The faults. Assign to them at any time. */
  readonly faults: Faults;
  /** What the button on the pay page does. */
  pay(invoiceId: number, asset?: Asset): Promise<void>;
  /** Resolves when the state is on disk and no socket is open. */
  stop(): Promise<void>;
}

/** Starts listening; rejects when the port is taken or the state file is damaged. */
export async function createDouble(options: DoubleOptions): Promise<Double> {
  const { token, host = '127.0.0.1', port = 0 } = options;
  const clock = options.now ?? (() => new Date());
  const store = await Store.open(options.dataDir, clock());
  const faults = noFaults();
  const now = () => new Date(clock().getTime() + faults.clockOffsetS * 1_000);
  let publicUrl = options.publicUrl ?? '';
  const context = { store, faults, now, publicUrl: () => publicUrl };
  const webhooks = new WebhookSender({
    ...context,
    token,
    url: options.webhookUrl,
    ...(options.webhookRetryDelaysMs !== undefined && { retryDelaysMs: options.webhookRetryDelaysMs }),
  });

  const server = http.createServer(app({ ...context, webhooks }, token));
  server.requestTimeout = 30_000;
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo; // a TCP server that is listening always has one
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  publicUrl ||= url;
  webhooks.resume();

  return {
    url,
    port: address.port,
    faults,
    async pay(invoiceId, asset = 'USDT') {
      await payInvoice({ ...context, webhooks }, store.find(invoiceId)?.hash ?? '', asset);
    },
    async stop() {
      server.close();
      server.closeAllConnections(); // a hung createInvoice must not hold the process
      await webhooks.stop();
      await store.save();
    },
  };
}

function app(context: MethodContext & { webhooks: WebhookSender }, token: string): Express {
  const application = express();
  application.disable('x-powered-by');
  application.get('/healthz', (_req, res) => void res.json({ status: 'ok', service: 'crypto-pay-double' }));
  application.use('/pay', payPage(context));
  application.use('/api', apiRouter(context, token));
  application.get('/double/faults', requireToken(token), (_req, res) => void res.json(context.faults));
  application.post('/double/faults', requireToken(token), express.json({ limit: '4kb' }), (req, res) => {
    try {
      Object.assign(context.faults, readFaults(req.body));
    } catch (err) {
      res.status(400).json({ error: err instanceof Error ? err.message : String(err) });
      return;
    }
    res.json(context.faults);
  });
  application.use((_req, res) => void res.status(404).json({ ok: false, error: { code: 404, name: 'NOT_FOUND' } }));
  application.use(sendError);
  return application;
}
