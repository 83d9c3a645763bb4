// Backup and restore of the embedded default, on a real installation: consistent while it sells, refused when anything
// is wrong with the file, and what suppliers did after the backup is found and never bought twice.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { until } from '@lumi/shared/testing';
import { Installation, type Demo, type Ended, type Launch } from './installation';

jest.setTimeout(400_000);

const PASSPHRASE = 'correct horse battery staple';
const AFTER_BACKUP = { domains: 30, vps: 10, proxy: 10 } as const;
type Product = keyof typeof AFTER_BACKUP;
const PRODUCTS = Object.keys(AFTER_BACKUP) as Product[];

const OFFERS: Readonly<Record<Product, (name: string) => readonly [path: string, body: object]>> = {
  domains: (name) => ['/domains', { domain: `${name}.test`, years: 1 }],
  vps: (name) => [
    '/servers',
    { plan_id: 's1', image_id: 'debian-12', locations: ['ams'], hostname: `${name}.example.com`, period_months: 1 },
  ],
  proxy: () => ['/orders', { product_id: 'ipv4', items: [{ country: 'XA', quantity: 1 }], period_days: 30 }],
};

/** Unless the passphrase is in a file. */
const passphrase = (env: Record<string, string>) =>
  env.LUMI_BACKUP_PASSPHRASE_FILE === undefined ? { LUMI_BACKUP_PASSPHRASE: PASSPHRASE } : {};

/** What each supplier did that costs money, in its own log. */
const SUPPLIERS_DID = `
  SELECT 'domains' AS product, ref AS reference FROM domains.sandbox_log WHERE command = 'register' AND ending = 'done'
  UNION ALL SELECT 'vps', reference FROM vps.sandbox_log WHERE action = 'create'
  UNION ALL SELECT 'proxy', reference FROM proxy.sandbox_log WHERE command = 'allocate' ORDER BY 1, 2`;

describe('a backup', () => {
  const installation = new Installation();
  const file = join(installation.folder, '..', 'of the shop.backup');
  let launch: Launch;
  let demo: Demo;
  let balanceThen: string;
  let boughtThen: number;

  afterAll(() => installation.dispose());

  const lumi = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
    installation.lumi(args, { ...passphrase(env), ...env });

  async function query<T extends object>(text: string): Promise<T[]> {
    const [, , , port] = readFileSync(installation.file('postgres/postmaster.pid'), 'utf8').split('\n');
    const { ownerPassword } = JSON.parse(readFileSync(installation.file('secrets.json'), 'utf8')) as {
      ownerPassword: string;
    }; // written by the launcher
    const client = new pg.Client({ connectionString: `postgresql://lumi:${ownerPassword}@127.0.0.1:${port}/postgres` });
    await client.connect();
    try {
      return (await client.query<T>(text)).rows;
    } finally {
      await client.end();
    }
  }

  async function buy(product: Product, name: string): Promise<number> {
    const { base, reseller } = demo.products[product];
    const [path, body] = OFFERS[product](name);
    for (;;) {
      const answer = await fetch(`${base}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${reseller.key}`,
          'content-type': 'application/json',
          'idempotency-key': `backup-${product}-${name}`,
        },
        body: JSON.stringify(body),
      });
      if (answer.status !== 429) return answer.status;
      await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(answer.headers.get('retry-after') ?? 1)));
    }
  }

  const settled = () =>
    until(
      async () => {
        const [open] = await query<{ count: number }>(
          `SELECT count(*)::int AS count FROM platform.orders WHERE state IN ('acting', 'pending')`,
        );
        return open?.count === 0;
      },
      { timeoutMs: 120_000 },
    );

  const suppliersDid = () => query<{ product: Product; reference: string }>(SUPPLIERS_DID);
  const money = async () =>
    JSON.stringify(await query('SELECT account_id, posted, held FROM platform.wallet ORDER BY 1'));

  it('is made while sales go on, in a file that only its owner may read, and holds all of each sale or none', async () => {
    launch = await installation.start().ready();
    demo = installation.demo();
    await query('UPDATE platform.api_key SET money_per_minute = 1000');
    for (const product of PRODUCTS) expect(await buy(product, 'before')).toBeLessThan(300);
    let isOver = false;
    let sold = 0;
    const selling = (async () => {
      while (!isOver) if ((await buy('domains', `meanwhile-${sold}`)) < 300) sold += 1;
    })();
    const { code, said } = await lumi(['backup', file]);
    isOver = true;
    await selling;
    expect(said).toMatch(
      /Saved \d+ rows of \d+ tables \(\d+ accounts, \d+ orders, \d+ ledger lines\) in .*, encrypted/,
    );
    expect(said).toMatch(/ {2}\d+ of \d+ tables: platform\.orders, \d+ rows/);
    expect(code).toBe(0);
    expect(sold).toBeGreaterThan(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(file, '..')).filter((name) => name.includes('.part'))).toEqual([]);
    const bytes = readFileSync(file, 'latin1');
    for (const secret of [demo.products.domains.reseller.user_id, 'before.test', 'platform'])
      expect(bytes).not.toContain(secret);
  });

  it('is of a moment: this one is made when nothing is open, to be compared later', async () => {
    await settled();
    balanceThen = await money();
    boughtThen = (await suppliersDid()).length;
    const { code } = await lumi(['backup', `${file}.2`, '--with-secrets']);
    expect(code).toBe(0);
  });

  it('never replaces a file, takes no passphrase as an argument, and no short one', async () => {
    const before = readFileSync(file);
    expect(await lumi(['backup', file])).toMatchObject({ code: 1, said: expect.stringContaining('exists already') });
    expect(readFileSync(file)).toEqual(before);
    expect(await lumi(['backup', `${file}.3`, '--passphrase', 'x'])).toMatchObject({
      code: 1,
      said: expect.stringContaining('Usage: npm run lumi -- backup FILE'),
    });
    expect(await lumi(['backup', `${file}.3`], { LUMI_BACKUP_PASSPHRASE: 'short' })).toMatchObject({
      code: 1,
      said: expect.stringContaining('at least 12 characters'),
    });
    expect(existsSync(`${file}.3`)).toBe(false);
  });

  it('is not restored while Lumi runs', async () => {
    const { code, said } = await lumi(['restore', `${file}.2`]);
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/^Stop Lumi before you restore\. Lumi is already running on/),
    ]);
  });

  describe('that is 50 purchases old', () => {
    let didBefore: { product: Product; reference: string }[];

    beforeAll(async () => {
      for (const product of PRODUCTS)
        for (let n = 0; n < AFTER_BACKUP[product]; n += 1) expect(await buy(product, `after-${n}`)).toBeLessThan(300);
      await settled();
      didBefore = await suppliersDid();
      expect(didBefore.length - boughtThen).toBe(50);
      expect(await money()).not.toBe(balanceThen);
      launch.kill('SIGTERM');
      expect((await launch.end()).code).toBe(0);
    });

    it.each<[string, (bytes: Buffer) => Buffer, string]>([
      ['is cut off', (bytes) => bytes.subarray(0, -1), 'is damaged or incomplete'],
      ['ends after its first line', (bytes) => bytes.subarray(0, bytes.indexOf(10) + 1), 'is damaged or incomplete'],
      ['has one other bit at its end', (bytes) => flipped(bytes, bytes.length - 20), 'is damaged or incomplete'],
      ['has one other bit in the middle', (bytes) => flipped(bytes, bytes.length >> 1), 'is damaged or incomplete'],
      ['is longer', (bytes) => Buffer.concat([bytes, Buffer.from([0])]), 'is damaged or incomplete'],
      ['is something else', () => randomBytes(5_000), 'is not a backup of Lumi'],
      ['is empty', () => Buffer.alloc(0), 'is not a backup of Lumi'],
    ])('is refused when the file %s, and nothing is changed', async (_, change, sentence) => {
      const bad = `${file}.bad`;
      writeFileSync(bad, change(readFileSync(`${file}.2`)));
      const before = readdirSync(installation.folder).sort();
      expect(await lumi(['restore', bad])).toMatchObject({ code: 1, said: expect.stringContaining(sentence) });
      expect(readdirSync(installation.folder).sort()).toEqual(before);
    });

    it('is refused with another passphrase, and by another installation, unless that is meant', async () => {
      expect(await lumi(['restore', `${file}.2`], { LUMI_BACKUP_PASSPHRASE: `${PASSPHRASE}!` })).toMatchObject({
        code: 1,
        said: expect.stringContaining('The passphrase is not the one'),
      });
      const other = new Installation();
      try {
        expect(await lumi(['audit'], { LUMI_DATA_DIR: other.folder })).toMatchObject({ code: 0 });
        const before = readdirSync(other.folder).sort();
        const { code, said } = await lumi(['restore', `${file}.2`], { LUMI_DATA_DIR: other.folder });
        expect(said).toMatch(/The backup is of installation inst_\w+, and .* is inst_\w+\. With --other-installation/);
        expect(code).toBe(1);
        expect(readdirSync(other.folder).sort()).toEqual(before);

        // The one that was made while sales went on. Its books are audited before it takes the place.
        const secrets = readFileSync(other.file('secrets.json'));
        expect(await lumi(['restore', file, '--other-installation'], { LUMI_DATA_DIR: other.folder })).toMatchObject({
          code: 0,
          said: expect.stringContaining('The books are right.'),
        });
        expect(readFileSync(other.file('secrets.json'))).toEqual(secrets);
      } finally {
        await other.dispose();
      }
    });

    it('needs the secrets in an empty data folder: refused without them, whole with them', async () => {
      const fresh = new Installation();
      try {
        expect(await lumi(['restore', file], { LUMI_DATA_DIR: fresh.folder })).toMatchObject({
          code: 1,
          said: expect.stringContaining('The backup holds no secrets'),
        });
        expect(existsSync(fresh.folder)).toBe(false);
        const restored = await lumi(['restore', `${file}.2`], { LUMI_DATA_DIR: fresh.folder });
        expect(restored).toMatchObject({ code: 0, said: expect.stringContaining('The books are right.') });
        expect(readFileSync(fresh.file('secrets.json'), 'utf8')).toBe(
          readFileSync(installation.file('secrets.json'), 'utf8'),
        );
        expect(statSync(fresh.file('secrets.json')).mode & 0o777).toBe(0o600);
      } finally {
        await fresh.dispose();
      }
    });

    it('is restored with its balance, the passphrase from a file, and the database that was here stays aside', async () => {
      const secret = join(file, '..', 'passphrase');
      writeFileSync(secret, `${PASSPHRASE}\n`);
      const { code, said } = await lumi(['restore', `${file}.2`], { LUMI_BACKUP_PASSPHRASE_FILE: secret });
      expect(said).toMatch(/Restored \d+ rows of \d+ tables .* as it was at 20\S+Z\. The books are right\./);
      expect(code).toBe(0);
      expect(readdirSync(installation.folder).filter((name) => name.startsWith('postgres'))).toEqual([
        'postgres',
        expect.stringMatching(/^postgres\.before-restore-\d{14}$/),
      ]);
      launch = await installation.start().ready();
      demo = installation.demo();
      expect(await money()).toBe(balanceThen);
    });

    it('reports each of the 50 that suppliers did since, and buys none twice', async () => {
      const since = new Set(didBefore.map(({ reference }) => reference));
      for (const { reference } of await query<{ reference: string }>(
        `SELECT id AS reference FROM platform.orders UNION ALL SELECT machine FROM vps.server`,
      ))
        since.delete(reference);
      expect(since.size).toBe(50);
      const reported = await until(
        async () => {
          const found = new Set(
            (await query<{ subject: string }>('SELECT subject FROM platform.breach WHERE cleared_at IS NULL')).map(
              ({ subject }) => subject,
            ),
          );
          return [...since].every((reference) => found.has(reference)) ? found : null;
        },
        { timeoutMs: 120_000 },
      );
      expect(reported.size).toBeGreaterThanOrEqual(50);
      await settled();
      expect(await suppliersDid()).toEqual(didBefore);
      const { base, operator } = demo.products.domains;
      const headers = { authorization: `Bearer ${operator.key}` };
      const answer = await fetch(`${base}/admin/reconciliation?limit=200`, { headers });
      const { items } = (await answer.json()) as { items: { subject: string }[] };
      expect(items.filter(({ subject }) => since.has(subject)).length).toBeGreaterThanOrEqual(AFTER_BACKUP.domains);
    });

    it('sells a name that the supplier already holds for us to nobody, and sells on otherwise', async () => {
      expect(await buy('domains', 'after-0')).toBe(409);
      expect(await buy('domains', 'a-new-one')).toBeLessThan(300);
      await settled();
      expect((await suppliersDid()).length).toBe(didBefore.length + 1);
      expect(await lumi(['audit'])).toMatchObject({ code: 0 });
    });
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
