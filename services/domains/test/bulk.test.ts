import { sql } from '@lumi/shared/db';
import { startWork } from '@lumi/shared/service';
import { until } from '@lumi/shared/testing';
import { loops } from '../src/wiring';
import { CONTACT, domainsService } from './domains-fixture';

jest.setTimeout(120_000);
const test = domainsService();
const { domains, service } = test;

interface BulkBody {
  readonly total: number;
  readonly ok: number;
  readonly failed: number;
  readonly items: readonly {
    ref: string;
    status: string;
    result?: { domain: { expires_at: string } };
    error?: { code: string };
  }[];
}

afterEach(async () => expect(await test.breaches()).toEqual([]));

describe('POST /domains/bulk', () => {
  it('buys a name once when it is listed in several spellings, and answers one item for each', async () => {
    const who = await test.account();
    const { status, body } = await test.pay(who, '/domains/bulk', {
      defaults: { years: 1 },
      items: [
        { domain: 'bulk-a.test' },
        { domain: 'BULK-A.test', ref: 'twin' },
        { domain: 'refused-bulk.test' },
        { domain: 'not a name' },
        { domain: 'bulk-b.test', years: 99 },
      ],
    });
    expect(status).toBe(200);
    const { items, ok } = body as BulkBody;
    expect(ok).toBe(1);
    expect(items.map(({ ref, error }) => [ref, error?.code])).toEqual([
      ['bulk-a.test', undefined],
      ['twin', 'state_conflict'],
      ['refused-bulk.test', expect.any(String)],
      ['not a name', 'validation_error'],
      ['bulk-b.test', 'validation_error'],
    ]);
    expect((await test.log('bulk-a.test')).map(({ command }) => command)).toEqual(['register']);
  });

  it('keeps only the known fields of a contact, and only the names of unknown ones, because a value may be a password', async () => {
    const who = await test.account();
    const { body } = await test.pay(who, '/domains/bulk', {
      items: [
        {
          domain: 'bulk-leak.com',
          contacts: { registrant: { ...CONTACT, panel: { password: 'canary' } }, secret: 'canary' },
        },
      ],
    });
    expect((body as BulkBody).items).toMatchObject([
      {
        status: 'failed',
        error: {
          code: 'validation_error',
          details: [{ path: 'contacts.registrant.panel' }, { path: 'contacts.secret' }],
        },
      },
    ]);
    const rows = await service.db.platform.$queryRaw<{ input: unknown }[]>(
      sql`SELECT i.input FROM platform.batch_item i JOIN platform.batch b ON b.id = i.batch_id
        WHERE b.account_id = ${who.accountId}`,
    );
    expect(rows).toEqual([
      { input: { domain: 'bulk-leak.com', contacts: { registrant: { ...CONTACT, panel: null }, secret: null } } },
    ]);
  });

  it('runs more than ten names as a batch', async () => {
    const who = await test.account({ balance: '1000' });
    const { status, body } = await test.pay(who, '/domains/bulk', {
      items: Array.from({ length: 30 }, (_, i) => ({ domain: `batch-${String(i)}.test` })),
    });
    expect(status).toBe(202);
    const { batch_id } = body as { batch_id: string };
    const work = startWork(service, loops(domains), domains.shared.jobs);
    try {
      const batch = await until(
        async () => {
          const { body: now } = await test.get(who, `/batches/${batch_id}`);
          return (now as { status: string }).status === 'completed' && (now as BulkBody);
        },
        { timeoutMs: 60_000 },
      );
      expect(batch).toMatchObject({ total: 30, ok: 30, failed: 0 });
      const expiries = batch.items.map(({ ref, result }) => ({
        domain: ref,
        current_expires_at: result?.domain.expires_at,
      }));
      const renewed = await test.pay(who, '/domains/bulk-renew', {
        defaults: { years: 1 },
        items: [
          ...expiries.slice(0, 2),
          expiries[0],
          { domain: 'foreign.test', current_expires_at: '2027-01-01T00:00:00Z' },
        ],
      });
      expect([renewed.status, (renewed.body as { error?: unknown }).error]).toEqual([200, undefined]);
      expect((renewed.body as BulkBody).items.map(({ status: of, error }) => [of, error?.code])).toEqual([
        ['ok', undefined],
        ['ok', undefined],
        ['failed', 'state_conflict'],
        ['failed', 'not_found'],
      ]);
    } finally {
      await work.stop();
    }
  });
});
