// Sample rows of every kind for each product, and a connection as each role.
import pg from 'pg';
import { PRODUCTS, type Product } from '../../../ground/contract';
import { testDatabase } from '../../../testing';
import { ROLES, type Role } from '../roles';

const database = testDatabase();
export const clients = new Map<Role, pg.Client>();
export let owner: pg.Client;

export const PRODUCT_ROLES = PRODUCTS.map((product) => [product, `lumi_${product}` as const] as const);
export const othersOf = (product: Product): readonly Product[] => PRODUCTS.filter((one) => one !== product);

/** Open work, stored answers, money: sample rows of every kind, for each product. */
async function populate(product: Product): Promise<void> {
  const [usr, key, lin] = [`usr_${product}`, `key_${product}`, `lin_${product}`];
  const run = (text: string, ...values: unknown[]) => owner.query(text, values);
  await run('SELECT platform.create_account($1, $2)', usr, product);
  await run(`SELECT platform.adjust($1, $2, 10000000, 'test', $3, NULL, NULL)`, `trf_${product}`, usr, product);
  await run(
    `SELECT platform.key_issue($1, $2, 'reseller', $3, $4, $5, 1, $6, ARRAY[$2 || ':buy'], NULL, NULL, NULL, '{}',
      'none', NULL, NULL)`,
    key,
    product,
    usr,
    lin,
    Buffer.from(key),
    `lumi_${product}_x`,
  );
  await run(
    `SELECT platform.purchase_begin($1, $2, $3, 'thing', 'thing', '{}', '{}', 1000, $4, $5, $6, false, NULL, $2, $7,
      'f', 'req_1', NULL, NULL, NULL, NULL, NULL, -60000, false)`,
    `ord_${product}`,
    usr,
    product,
    `lock-${product}`,
    key,
    lin,
    `order-${product}`,
  );
  await run(
    `SELECT platform.deposit_begin($1, $2, $3, 'sandbox', 50000, NULL, NULL, NULL, 3600, $4, $5, false, NULL, $2, $6,
      'f', 'req_2', -60000)`,
    `dep_${product}`,
    usr,
    product,
    key,
    lin,
    `deposit-${product}`,
  );
  await run(
    `SELECT platform.deposit_begin($1, $2, $3, 'sandbox', 50000, NULL, NULL, NULL, 3600, $4, $5, false, NULL, $2, $6,
      'f', 'req_2', 60000)`,
    `dep2_${product}`,
    usr,
    product,
    key,
    lin,
    `deposit2-${product}`,
  );
  await run(
    `SELECT platform.deposit_open($1, $2, 'url', '{}', now() + interval '1 hour', -60000, 201, 'x', 'loc')`,
    `dep2_${product}`,
    `inv_${product}`,
  );
  await run(`SELECT platform.sandbox_invoice_create($1, $2, 50000, NULL, 3600)`, `dep2_${product}`, `token-${product}`);
  await run(
    `SELECT platform.operation_start($1, $2, $3, 'work', 'thing', '{}', NULL, $4, 'req_3', -60000)`,
    `op_${product}`,
    usr,
    product,
    key,
  );
  await run(
    `INSERT INTO platform.operation_secret (operation_id, account_id, product, sealed, created_at)
      VALUES ($1, $2, $3, 'x', now() - interval '30 days')`,
    `op_${product}`,
    usr,
    product,
  );
  await run(
    `SELECT platform.batch_create($1, $2, $3, 'bulk', 'queued', 'continue', NULL, $4, $5, false, NULL, $2, $6, 'f',
      'req_4', '[{"ref":"a","input":{}},{"ref":"b","input":{}}]', 202, 'x', 'loc')`,
    `bat_${product}`,
    usr,
    product,
    key,
    lin,
    `batch-${product}`,
  );
  await run(
    `INSERT INTO platform.quote (id, account_id, product, operation, key_id, created_at, expires_at)
      VALUES ($1, $2, $3, 'op', $4, now() - interval '41 days', now() - interval '40 days')`,
    `quo_${product}`,
    usr,
    product,
    key,
  );
  await run(
    `INSERT INTO platform.quote_line (quote_id, line, ref, kind, terms, price)
      VALUES ($1, 0, 'a', 'thing', '{}', 1000)`,
    `quo_${product}`,
  );
  await run(
    `INSERT INTO platform.quote (id, account_id, product, operation, key_id, created_at, expires_at)
      VALUES ($1, $2, $3, 'op', $4, now(), now() + interval '1 day')`,
    `live_${product}`,
    usr,
    product,
    key,
  );
  await run(
    `INSERT INTO platform.quote_line (quote_id, line, ref, kind, terms, price)
      VALUES ($1, 0, 'a', 'thing', '{}', 1000)`,
    `live_${product}`,
  );
  await run(
    `SELECT platform.emit_events($1, $2, '[{"id":"evt_${product}","type":"test.each","subject":"s","data":{}}]')`,
    usr,
    product,
  );
  await run(
    `SELECT platform.webhook_create($1, $2, $3, 'https://example.com', '{*}', NULL, 'sealed', 10)`,
    `whk_${product}`,
    product,
    usr,
  );
  await run(
    `INSERT INTO platform.webhook_delivery (webhook_id, id, product, event_id, event_seq, event_at, type,
      next_attempt_at) VALUES ($1, $2, $3, $4, 1, now(), 'test.each', now())`,
    `whk_${product}`,
    `dlv_${product}`,
    product,
    `evt_${product}`,
  );
  await run(
    `SELECT platform.auto_renew_configure($1, $2, true, NULL, NULL, NULL, 'soonest', '{}', now())`,
    usr,
    product,
  );
  await run(
    `SELECT platform.lifecycle_track($1, 'thing',
      '[{"id":"res_${product}","account_id":"${usr}","expires_at":"2030-01-01T00:00:00Z","auto_renew":true,"price":1}]',
        now())`,
    product,
  );
  await run(`SELECT platform.auto_renew_take($1, 'thing', now() + interval '1 second', 5, -1000)`, product);
  await run(`SELECT platform.reconciliation_take($1, now(), -1000)`, product);
  await run(
    `INSERT INTO platform.idempotency (scope, product, key, fingerprint, state, status, body, done_at, request_id)
      VALUES ($1, $2, 'old-answer', 'f', 'done', 200, 'x', now() - interval '90 days', 'req_5')`,
    usr,
    product,
  );
}

beforeAll(async () => {
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  for (const role of ROLES) {
    const client = new pg.Client({ connectionString: database.urlFor(role) });
    await client.connect();
    clients.set(role, client);
  }
  for (const product of PRODUCTS) await populate(product);
});
afterAll(() => Promise.all([owner, ...clients.values()].map((client) => client.end())));

/** The code of the refusal, or null. */
export async function attempt(
  role: Role,
  text: string,
  values: unknown[] = [],
): Promise<{ readonly code: string | null; readonly rows: readonly unknown[] }> {
  const client = clients.get(role);
  if (client === undefined) throw new Error('no such role');
  try {
    return { code: null, rows: (await client.query(text, values)).rows };
  } catch (err) {
    return { code: (err as { code?: string }).code ?? String(err), rows: [] };
  }
}

export const TABLES_OF_PRODUCT = `SELECT c.relname AS name, c.relrowsecurity AS secured FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'product'
  WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind = 'r' ORDER BY 1`;

/** All rows of another product, as one text, in one statement. */
const LOOKS = new Map<Product, string>();

export async function othersState(product: Product): Promise<string> {
  const rowsOf = (name: string, from: string) => `SELECT '${name}' AS name, to_jsonb(t)::text AS row FROM (${from}) t`;
  let text = LOOKS.get(product);
  if (text === undefined) {
    const { rows } = await owner.query<{ name: string }>(TABLES_OF_PRODUCT);
    text = [
      ...rows.map(({ name }) =>
        rowsOf(name, `SELECT * FROM platform.${name} WHERE product IS DISTINCT FROM '${product}'`),
      ),
      rowsOf(
        'batch_item',
        `SELECT i.* FROM platform.batch_item i JOIN platform.batch b ON b.id = i.batch_id
          WHERE b.product <> '${product}'`,
      ),
      rowsOf(
        'sandbox_invoice',
        `SELECT s.* FROM platform.sandbox_invoice s JOIN platform.deposit d ON d.id = s.deposit_id
          WHERE d.product <> '${product}'`,
      ),
      rowsOf(
        'quote_line',
        `SELECT l.* FROM platform.quote_line l JOIN platform.quote q ON q.id = l.quote_id
          WHERE q.product <> '${product}'`,
      ),
      rowsOf('wallet', `SELECT * FROM platform.wallet WHERE account_id <> 'usr_${product}'`),
      rowsOf('breach', `SELECT * FROM platform.breach WHERE scope NOT IN ('${product}', 'deposits-${product}')`),
      rowsOf(
        'reconciliation',
        `SELECT * FROM platform.reconciliation WHERE scope NOT IN ('${product}', 'deposits-${product}')`,
      ),
      rowsOf('daily_spend', `SELECT * FROM platform.daily_spend WHERE lineage_id NOT LIKE '%${product}%'`),
    ].join(' UNION ALL ');
    LOOKS.set(product, text);
  }
  const { rows } = await owner.query<{ name: string; row: string }>(`SELECT name, row FROM (${text}) x ORDER BY 1, 2`);
  return rows.map(({ name, row }) => `${name} ${row}`).join('\n');
}
