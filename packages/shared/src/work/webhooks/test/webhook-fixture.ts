// Endpoints of a test's accounts with receivers of its own on loopback, and workers that deliver to them.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import request from 'supertest';
import { newId } from '../../../ground/contract';
import { Outbound, openResolver, type Resolver } from '../../../base/egress';
import { accountEndpoints } from '../../../counter/account';
import { startWork, type Work } from '../../../house-keeping/process';
import type { Log } from '../../../ground/runtime';
import { ShiftedClock, testService, type TestAccount } from '../../../testing';
import type { WebhookDeps } from '../deps';
import { webhookEndpoints } from '../endpoints';
import { webhookLoops } from '../loops';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

/** A status, or `hang` (no answer) or `drip` (a byte at a time). */
export type Answering = (received: Received, nth: number) => number | 'hang' | 'drip' | Promise<number>;

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
}

export interface FixtureOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly resolver?: Resolver;
  readonly log?: Log;
}

export function webhookFixture({ settings = {}, resolver = openResolver(), log }: FixtureOptions = {}) {
  const clock = new ShiftedClock();
  let deps: WebhookDeps | undefined;
  const api = testService({
    clock,
    ...(log === undefined ? {} : { log }),
    settings: {
      WEBHOOK_ALLOW_NETWORKS: '127.0.0.1',
      WEBHOOK_RETRY_S: '0,0,0',
      WEBHOOK_TIMEOUT_MS: '1000',
      ...settings,
    },
    endpoints: (service) => {
      deps = { ...service, outbound: new Outbound({ resolver, networks: service.config.WEBHOOK_ALLOW_NETWORKS }) };
      return [...accountEndpoints(service), ...webhookEndpoints(deps)];
    },
  });
  const works: Work[] = [];
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  afterEach(async () => {
    // First, so that attempts without an answer end: a stop waits for them.
    for (const socket of sockets) socket.destroy();
    await Promise.all(works.splice(0).map((work) => work.stop()));
    for (const server of servers.splice(0)) server.close();
  });

  const send = (method: 'get' | 'post' | 'patch' | 'delete', path: string, who: TestAccount, body?: object) =>
    request(api.app)[method](path).set(api.as(who)).send(body);

  return {
    api,
    clock,
    send,
    /** Starts a worker. */
    work: (): Work => {
      if (deps === undefined) throw new Error('no service yet');
      const work = startWork(api.service, webhookLoops(deps));
      works.push(work);
      return work;
    },
    receiver: async (answer: Answering = () => 200): Promise<Receiver> => {
      const received: Received[] = [];
      const server = createServer((req, res) => {
        const parts: Buffer[] = [];
        req.on('data', (part: Buffer) => parts.push(part));
        req.on('end', () => {
          const one = { headers: req.headers, body: Buffer.concat(parts).toString('utf8'), atMs: Date.now() };
          received.push(one);
          const given = answer(one, received.length);
          if (given === 'hang') return;
          if (given === 'drip') {
            const timer = setInterval(() => res.write('x'), 1_000);
            res.on('close', () => clearInterval(timer));
            return;
          }
          void Promise.resolve(given).then((status) => {
            res.statusCode = status;
            res.end('taken');
          });
        });
      });
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
      });
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`, received };
    },
    /** An endpoint, with its secret. */
    hook: async (who: TestAccount, url: string, events = ['*']): Promise<{ id: string; secret: string }> =>
      (await send('post', '/webhooks', who, { url, events }).expect(201)).body,
    /** Writes events into the feed of an account; returns their ids in their order. */
    emit: async (accountId: string, count = 1, product = 'domains'): Promise<string[]> => {
      const events = Array.from({ length: count }, () => ({
        id: newId('evt', Date.now()),
        type: 'order.failed',
        subject: `x-${randomBytes(4).toString('hex')}.test`,
        data: { order_id: 'ord_1', code: 'not_available' },
      }));
      await api.service.db.pool.query('SELECT platform.emit_events($1, $2, $3)', [
        accountId,
        product,
        JSON.stringify(events),
      ]);
      return events.map(({ id }) => id);
    },
    deliveries: async (who: TestAccount, id: string, query = ''): Promise<Record<string, unknown>[]> =>
      (await send('get', `/webhooks/${id}/deliveries?limit=200${query}`, who).expect(200)).body.items,
  };
}
