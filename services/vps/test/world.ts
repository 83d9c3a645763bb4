// A hosting service on a database and a clock of its own. Tests move the clock and start the worker's rounds.
import pg from 'pg';
import supertest, { type Response } from 'supertest';
import { FixedClock } from '@lumi/shared/runtime';
import { runIfDue, testService, type TestAccount, type TestKey } from '@lumi/shared/testing';
import { audit as auditWith, type Breach } from '@lumi/shared/ledger';
import { VPS_RULES } from '../src/audit-rules';
import { vpsSettings } from '../src/config';
import { endpoints, loops, wire, type WiredVps } from '../src/wiring';

export const CREATE_MS = 3_000;
export const ACTION_MS = 1_000;
const ROUNDS_MAX = 20;

export type Answer = Pick<Response, 'status' | 'headers' | 'text' | 'body'>;

/** Call it at the top of a test file. */
export function hostingWorld() {
  const clock = new FixedClock(Date.now());
  const wired: WiredVps[] = [];
  const api = testService({
    product: 'vps',
    clock,
    endpoints: (service) => {
      const vps = wire(
        service,
        vpsSettings.parse({ SANDBOX_CREATE_MS: String(CREATE_MS), SANDBOX_ACTION_MS: String(ACTION_MS) }),
      );
      wired.push(vps);
      return endpoints(vps);
    },
  });
  const vps = wired[0] as WiredVps;

  const send = async (
    who: TestKey,
    method: 'get' | 'post' | 'patch' | 'put' | 'delete',
    url: string,
    options: { body?: object; key?: string | undefined; money?: boolean } = {},
  ): Promise<Answer> => {
    const request = supertest(api.app)
      [method](url)
      .set(options.money === true ? api.asMoney(who, options.key) : api.as(who));
    return options.body === undefined ? await request : await request.send(options.body);
  };
  const owner = async <T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> => {
    const client = new pg.Client({ connectionString: api.database.ownerUrl });
    await client.connect();
    try {
      return (await client.query(text, values)).rows as T[];
    } finally {
      await client.end();
    }
  };
  const round = async (): Promise<void> => {
    await owner(`UPDATE platform.orders SET wake_at = now() WHERE wake_at IS NOT NULL`);
    await owner(`UPDATE platform.operation SET wake_at = now() WHERE wake_at IS NOT NULL`);
    for (const loop of loops(vps)) {
      for (let i = 0; i < ROUNDS_MAX && (await runIfDue(api.service, loop)); i += 1);
    }
  };
  const world = {
    ...api,
    vps,
    clock,
    owner,
    send,
    round,
    /** Audits the books and compares the supplier's log with them. */
    audit: async (): Promise<Breach[]> => [
      ...(await api.audit()),
      ...(await auditWith(vps.service.db.platform, VPS_RULES)),
    ],
    get: (who: TestKey, url: string) => send(who, 'get', url),
    post: (who: TestKey, url: string, body: object = {}) => send(who, 'post', url, { body }),
    buy: (who: TestKey, url: string, body: object, key?: string) => send(who, 'post', url, { body, money: true, key }),
    /** Moves the clock, then the worker does what is due. */
    pass: async (ms: number): Promise<void> => {
      clock.advance(ms);
      await round();
    },
    order: (body: object = {}) => ({
      plan_id: 's1',
      locations: ['ams'],
      image_id: 'debian-13',
      hostname: 'web-1.example.com',
      ...body,
    }),
    /** Makes a server and waits until it is ready. */
    server: async (who: TestAccount, body: object = {}): Promise<Response['body']> => {
      const answer = await world.buy(who, '/servers', world.order(body));
      if (answer.status !== 202) throw new Error(`the server was not sold: ${answer.text}`);
      await world.pass(CREATE_MS);
      return (await world.get(who, `/servers/${String(answer.body.server.id)}`)).body;
    },
    stock: async (plan = 's1', location = 'ams'): Promise<number> =>
      Number(
        (await owner(`SELECT free FROM vps.stock WHERE plan_id = $1 AND location_id = $2`, [plan, location]))[0]?.[
          'free'
        ],
      ),
    log: (reference: string) =>
      owner<{ action: string; reference: string }>(
        `SELECT reference, action FROM vps.sandbox_log WHERE reference = $1`,
        [reference],
      ),
  };
  return world;
}
