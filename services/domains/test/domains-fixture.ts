// A domains service for tests: signed identities, a sandbox without delays, and recovery by call.
import pg from 'pg';
import supertest from 'supertest';
import { audit, type Breach } from '@lumi/shared/ledger';
import { recoverOrders } from '@lumi/shared/purchase';
import { ShiftedClock, testService, type TestAccount, type TestKey } from '@lumi/shared/testing';
import { DOMAINS_RULES } from '../src/audit-rules';
import { endpoints, wire, type WiredDomains } from '../src/wiring';

export const CONTACT = {
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: 'ada@example.com',
  phone: '+4930123456',
  address1: 'Unter den Linden 1',
  city: 'Berlin',
  postal_code: '10117',
  country: 'DE',
};

export type Who = TestAccount | TestKey;

/** Call it once, at the top of the file. */
export function domainsService(settings: Readonly<Record<string, string>> = {}) {
  const clock = new ShiftedClock();
  let wired: WiredDomains | undefined;
  const test = testService({
    product: 'domains',
    clock,
    settings,
    endpoints: (service) => {
      wired = wire(service, { SANDBOX_TIMEOUT_MS: 1, SANDBOX_SLOW_MS: 1 });
      return endpoints(wired);
    },
  });
  if (wired === undefined) throw new Error('not wired');
  const domains = wired;
  const owner = new pg.Client({ connectionString: test.database.ownerUrl });
  beforeAll(() => owner.connect());
  afterAll(async () => {
    await domains.shared.close();
    await domains.db.$disconnect();
    await owner.end();
  });

  const request = supertest(test.app);
  return {
    ...test,
    clock,
    domains,
    owner,
    get: (who: Who, path: string) => request.get(path).set(test.as(who)),
    post: (who: Who, path: string, body: object) => request.post(path).set(test.as(who)).send(body),
    put: (who: Who, path: string, body: object) => request.put(path).set(test.as(who)).send(body),
    patch: (who: Who, path: string, body: object) => request.patch(path).set(test.as(who)).send(body),
    remove: (who: Who, path: string) => request.delete(path).set(test.as(who)),
    pay: (who: Who, path: string, body: object, key?: string) =>
      request.post(path).set(test.asMoney(who, key)).send(body),
    buy: (who: Who, body: object, key?: string) => request.post('/domains').set(test.asMoney(who, key)).send(body),
    /** One round of recovery over all open orders, as if each were due. */
    async recover(): Promise<number> {
      await owner.query(`UPDATE platform.orders SET wake_at = now() WHERE state IN ('acting', 'pending')`);
      return (await recoverOrders(domains.service.purchases, domains.shared.things, 'domains', 50)).settled;
    },
    log: async (name: string) =>
      (
        await owner.query<{ command: string; ending: string; code: string | null }>(
          'SELECT command, ending, code FROM domains.sandbox_log WHERE name = $1 ORDER BY seq',
          [name],
        )
      ).rows,
    /** Audits the books, and compares the registrar's log with the orders. */
    breaches: async (): Promise<Breach[]> => [
      ...(await test.audit()),
      ...(await audit(test.service.db.platform, DOMAINS_RULES)),
    ],
  };
}
