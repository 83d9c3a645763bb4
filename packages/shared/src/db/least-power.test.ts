// Connects as each role of the database and tries what docs/architecture.md says that it may not do: rows and functions of other products. The functions are
// read from the catalogue, so that a new one is tried by itself; one with a parameter that this file cannot fill fails until it is told how.
import pg from 'pg';
import { PRODUCTS, type Product } from '../contract';
import { testDatabase } from '../testing';
import { ROLES, type Role } from './roles';

const database = testDatabase();
const clients = new Map<Role, pg.Client>();
let owner: pg.Client;

const PRODUCT_ROLES = PRODUCTS.map((product) => [product, `lumi_${product}` as const] as const);
const othersOf = (product: Product): readonly Product[] => PRODUCTS.filter((one) => one !== product);
const DENIED = '42501';

/** Open work, stored answers, money: something of everything, for each product. */
async function populate(product: Product): Promise<void> {
  const [usr, key, lin] = [`usr_${product}`, `key_${product}`, `lin_${product}`];
  const run = (text: string, ...values: unknown[]) => owner.query(text, values);
  await run('SELECT platform.create_account($1, $2)', usr, product);
  await run(`SELECT platform.adjust($1, $2, 10000000, 'test', $3, NULL, NULL)`, `trf_${product}`, usr, product);
  await run(`SELECT platform.key_issue($1, $2, 'reseller', $3, $4, $5, 1, $6, ARRAY[$2 || ':buy'], NULL, NULL, NULL, '{}', 'none', NULL, NULL)`, key, product, usr, lin, Buffer.from(key), `lumi_${product}_x`);
  await run(`SELECT platform.purchase_begin($1, $2, $3, 'thing', 'thing', '{}', '{}', 1000, $4, $5, $6, false, NULL, $2, $7, 'f', 'req_1', NULL, NULL, NULL, NULL, NULL, -60000, false)`, `ord_${product}`, usr, product, `lock-${product}`, key, lin, `order-${product}`);
  await run(`SELECT platform.deposit_begin($1, $2, $3, 'sandbox', 50000, NULL, NULL, NULL, 3600, $4, $5, false, NULL, $2, $6, 'f', 'req_2', -60000)`, `dep_${product}`, usr, product, key, lin, `deposit-${product}`);
  await run(`SELECT platform.deposit_begin($1, $2, $3, 'sandbox', 50000, NULL, NULL, NULL, 3600, $4, $5, false, NULL, $2, $6, 'f', 'req_2', 60000)`, `dep2_${product}`, usr, product, key, lin, `deposit2-${product}`);
  await run(`SELECT platform.deposit_open($1, $2, 'url', '{}', now() + interval '1 hour', -60000, 201, 'x', 'loc')`, `dep2_${product}`, `inv_${product}`);
  await run(`SELECT platform.sandbox_invoice_create($1, $2, 50000, NULL, 3600)`, `dep2_${product}`, `token-${product}`);
  await run(`SELECT platform.operation_start($1, $2, $3, 'work', 'thing', '{}', NULL, $4, 'req_3', -60000)`, `op_${product}`, usr, product, key);
  await run(`INSERT INTO platform.operation_secret (operation_id, account_id, product, sealed, created_at) VALUES ($1, $2, $3, 'x', now() - interval '30 days')`, `op_${product}`, usr, product);
  await run(`SELECT platform.batch_create($1, $2, $3, 'bulk', 'queued', 'continue', NULL, $4, $5, false, NULL, $2, $6, 'f', 'req_4', '[{"ref":"a","input":{}},{"ref":"b","input":{}}]', 202, 'x', 'loc')`, `bat_${product}`, usr, product, key, lin, `batch-${product}`);
  await run(`INSERT INTO platform.quote (id, account_id, product, operation, key_id, created_at, expires_at) VALUES ($1, $2, $3, 'op', $4, now() - interval '2 days', now() - interval '1 day')`, `quo_${product}`, usr, product, key);
  await run(`INSERT INTO platform.quote_line (quote_id, line, ref, kind, terms, price) VALUES ($1, 0, 'a', 'thing', '{}', 1000)`, `quo_${product}`);
  await run(`INSERT INTO platform.quote (id, account_id, product, operation, key_id, created_at, expires_at) VALUES ($1, $2, $3, 'op', $4, now(), now() + interval '1 day')`, `live_${product}`, usr, product, key);
  await run(`INSERT INTO platform.quote_line (quote_id, line, ref, kind, terms, price) VALUES ($1, 0, 'a', 'thing', '{}', 1000)`, `live_${product}`);
  await run(`SELECT platform.emit_events($1, $2, '[{"id":"evt_${product}","type":"t","subject":"s","data":{}}]')`, usr, product);
  await run(`SELECT platform.auto_renew_configure($1, $2, true, NULL, NULL, NULL, 'soonest', '{}', now())`, usr, product);
  await run(`SELECT platform.lifecycle_track($1, 'thing', '[{"id":"res_${product}","account_id":"${usr}","expires_at":"2030-01-01T00:00:00Z","auto_renew":true,"price":1}]', now())`, product);
  await run(`SELECT platform.auto_renew_take($1, 'thing', now() + interval '1 second', 5, -1000)`, product);
  await run(`SELECT platform.reconciliation_take($1, now(), -1000)`, product);
  await run(`INSERT INTO platform.idempotency (scope, product, key, fingerprint, state, status, body, done_at, request_id) VALUES ($1, $2, 'old-answer', 'f', 'done', 200, 'x', now() - interval '90 days', 'req_5')`, usr, product);
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
async function attempt(role: Role, text: string, values: unknown[] = []): Promise<{ readonly code: string | null; readonly rows: readonly unknown[] }> {
  const client = clients.get(role);
  if (client === undefined) throw new Error('no such role');
  try {
    return { code: null, rows: (await client.query(text, values)).rows };
  } catch (err) {
    return { code: (err as { code?: string }).code ?? String(err), rows: [] };
  }
}

const TABLES_OF_PRODUCT = `SELECT c.relname AS name, c.relrowsecurity AS secured FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'product'
  WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind = 'r' ORDER BY 1`;

/** Everything that is another product's, as one text, in one statement. */
const LOOKS = new Map<Product, string>();

async function othersState(product: Product): Promise<string> {
  const rowsOf = (name: string, from: string) => `SELECT '${name}' AS name, to_jsonb(t)::text AS row FROM (${from}) t`;
  let text = LOOKS.get(product);
  if (text === undefined) {
    const { rows } = await owner.query<{ name: string }>(TABLES_OF_PRODUCT);
    text = [
      ...rows.map(({ name }) => rowsOf(name, `SELECT * FROM platform.${name} WHERE product IS DISTINCT FROM '${product}'`)),
      rowsOf('batch_item', `SELECT i.* FROM platform.batch_item i JOIN platform.batch b ON b.id = i.batch_id WHERE b.product <> '${product}'`), rowsOf('sandbox_invoice', `SELECT s.* FROM platform.sandbox_invoice s JOIN platform.deposit d ON d.id = s.deposit_id WHERE d.product <> '${product}'`),
      rowsOf('quote_line', `SELECT l.* FROM platform.quote_line l JOIN platform.quote q ON q.id = l.quote_id WHERE q.product <> '${product}'`), rowsOf('wallet', `SELECT * FROM platform.wallet WHERE account_id <> 'usr_${product}'`),
      rowsOf('breach', `SELECT * FROM platform.breach WHERE scope NOT IN ('${product}', 'deposits-${product}')`), rowsOf('reconciliation', `SELECT * FROM platform.reconciliation WHERE scope NOT IN ('${product}', 'deposits-${product}')`),
      rowsOf('daily_spend', `SELECT * FROM platform.daily_spend WHERE lineage_id NOT LIKE '%${product}%'`),
    ].join(' UNION ALL ');
    LOOKS.set(product, text);
  }
  const { rows } = await owner.query<{ name: string; row: string }>(`SELECT name, row FROM (${text}) x ORDER BY 1, 2`);
  return rows.map(({ name, row }) => `${name} ${row}`).join('\n');
}

/** What a parameter is filled with, so that the call would do something to `victim`'s rows if it were let. */
function argument(name: string, type: string, fn: string, victim: Product): unknown {
  const isDeposit = fn.startsWith('deposit_') || fn.startsWith('sandbox_');
  switch (name) {
    case 'p_product': return victim;
    case 'p_account_id': return `usr_${victim}`;
    case 'p_key_id': return `key_${victim}`;
    case 'p_lineage_id': return `lin_${victim}`;
    case 'p_order_id': return fn === 'purchase_begin' ? 'ord_new' : `ord_${victim}`;
    case 'p_batch_id': return fn === 'batch_create' ? 'bat_new' : fn === 'purchase_begin' ? null : `bat_${victim}`;
    case 'p_batch_item': return null;
    case 'p_operation_id': return `op_${victim}`;
    case 'p_deposit_id': return `dep2_${victim}`;
    case 'p_id': return isDeposit ? (fn === 'deposit_begin' ? 'dep_new' : ['deposit_open', 'deposit_fail'].includes(fn) ? `dep_${victim}` : `dep2_${victim}`) : fn === 'operation_start' || fn === 'create_account' || fn === 'key_issue' ? 'op_new' : fn.startsWith('key_') ? `key_${victim}` : `op_${victim}`;
    case 'p_ids': return type === 'bigint[]' ? '{1,2,3,4,5,6,7,8,9}' : `{key_${victim}}`;
    case 'p_resources': return `{res_${victim}}`;
    case 'p_resource': return `res_${victim}`;
    case 'p_noun': return 'thing';
    case 'p_scope': return fn.startsWith('reconciliation_') ? victim : `usr_${victim}`;
    case 'p_idem_scope': return `usr_${victim}`;
    case 'p_key': return fn === 'finish_claim' ? `order-${victim}` : 'taken-by-another';
    case 'p_idem_key': return 'taken-by-another';
    case 'p_token': return `token-${victim}`;
    case 'p_provider': return 'sandbox';
    case 'p_provider_invoice_id': return fn === 'deposit_open' ? 'inv_stolen' : `inv_${victim}`;
    case 'p_attempt': return 1;
    case 'p_state': return fn === 'purchase_postpone' ? 'acting' : fn === 'deposit_close' ? 'expired' : 'pending';
    case 'p_term': return '2030-01-01T00:00:00Z';
    case 'p_kind': case 'p_subject': case 'p_step': case 'p_reason': case 'p_description': case 'p_failure': case 'p_name': case 'p_form': case 'p_prefix': case 'p_location': case 'p_transfer_id':
    case 'p_event_id': case 'p_request_id': case 'p_pay_url': case 'p_new_id': case 'p_type': case 'p_problem': return ({ p_form: 'queued', p_type: 'operator' } as Readonly<Record<string, string>>)[name] ?? `${name}-${victim}`;
    case 'p_on_error': return 'continue';
    case 'p_actor': return 'operator';
    case 'p_address': return '192.0.2.1';
    case 'p_acts': return JSON.stringify([{ action: 'key.issue', subject: `key_${victim}`, account_id: `usr_${victim}` }]);
    case 'p_priority': return 'dearest';
    case 'p_signing': return 'none';
    case 'p_refusal_code': case 'p_refusal_text': case 'p_supplier_ref': case 'p_error_code': case 'p_error_text': case 'p_lock_key': case 'p_reference': case 'p_asset': case 'p_return_url': case 'p_metadata':
    case 'p_codes': case 'p_tags': case 'p_max_total': case 'p_default_cap': case 'p_daily_cap': case 'p_monthly_cap': case 'p_max_price': case 'p_signing_secret': case 'p_expires_at': case 'p_idempotency_key':
    case 'p_paid_asset': case 'p_paid_amount': case 'p_fee_asset': case 'p_fee_amount': case 'p_regular_per_minute': case 'p_money_per_minute': case 'p_result': case 'p_events': return null;
    default:
  }
  const byType: Readonly<Record<string, unknown>> = {
    boolean: ['p_operator', 'p_dry_run', 'p_stuck', 'p_has_failed', 'p_sets_expiry', 'p_forget'].includes(name) ? false : true, integer: 500, bigint: 1000, bytea: Buffer.from('x'), 'timestamp with time zone': '2031-01-01T00:00:00Z', 'text[]': '{}',
    jsonb: ['p_items', 'p_rows', 'p_reports', 'p_breaches'].includes(name) ? '[]' : '{}',
  };
  if (byType[type] === undefined) throw new Error(`${fn} has a parameter ${name} (${type}) that this test cannot fill; say in \`argument\` what it means`);
  return byType[type];
}

interface Fn { readonly oid: number; readonly name: string; readonly names: readonly string[]; readonly types: readonly string[]; readonly callers: readonly Role[] }

async function functions(): Promise<readonly Fn[]> {
  const { rows } = await owner.query<Fn>(`
    SELECT p.oid::int AS oid, p.proname AS name, coalesce(p.proargnames[1:p.pronargs], '{}') AS names,
      ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS x(t, n) ORDER BY n) AS types,
      ARRAY(SELECT r FROM unnest($1::text[]) AS r WHERE has_function_privilege(r, p.oid, 'EXECUTE')) AS callers
    FROM pg_proc p WHERE p.pronamespace = 'platform'::regnamespace AND p.prosecdef AND p.prorettype <> 'trigger'::regtype ORDER BY 2`, [ROLES]);
  return rows;
}

describe('functions that work as the owner', () => {
  it.each(PRODUCT_ROLES)('change nothing of another product for the role of %s, and tell nothing', async (product, role) => {
    const all = (await functions()).filter(({ callers }) => callers.includes(role));
    expect(all.length).toBeGreaterThan(40);
    const bad: string[] = [];
    for (const victim of othersOf(product)) {
      const before = await othersState(product);
      for (const fn of all) {
        const values = fn.names.map((name, i) => argument(name, fn.types[i] ?? '', fn.name, victim));
        const text = `SELECT * FROM platform.${fn.name}(${fn.types.map((type, i) => `$${String(i + 1)}::${type}`).join(', ')})`;
        const { code, rows } = await attempt(role, text, values);
        if (code === null && (await othersState(product)) !== before) bad.push(`${fn.name} changed rows of ${victim}`);
        const told = JSON.stringify(rows);
        if (code === null && new RegExp(`(_|-|")${victim}`).test(told)) bad.push(`${fn.name} tells of ${victim}: ${told}`);
        // What takes a product refuses another one outright; what takes only an id does not know it.
        if (fn.names.includes('p_product') && code !== DENIED) bad.push(`${fn.name} is not refused: ${String(code)} ${told}`);
      }
    }
    expect(bad).toEqual([]);
  });

  it('see the role that somebody has become, not who logged in', async () => {
    await owner.query('SET ROLE lumi_proxy');
    try {
      await expect(owner.query(`SELECT platform.emit_events('usr_domains', 'domains', '[]')`)).rejects.toMatchObject({ code: DENIED });
      await expect(owner.query(`SELECT platform.emit_events('usr_domains', NULL, '[]')`)).rejects.toMatchObject({ code: DENIED });
      expect((await owner.query(`SELECT id FROM platform.orders`)).rows).toEqual([{ id: 'ord_proxy' }]);
    } finally {
      await owner.query('RESET ROLE');
    }
  });

  it('are nobody’s but those of the roles', async () => {
    const { rows } = await owner.query(`SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'platform'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE')`);
    expect(rows).toEqual([]);
  });

  it('buy for no batch of another product, and end no item of one', async () => {
    const client = clients.get('lumi_proxy');
    const [batch] = (await owner.query<{ item: number; attempt: number }>(`SELECT item, attempt FROM platform.batch_take('domains', 'bat_domains', 1, 60000)`)).rows;
    const idemKey = `bat_domains/${String(batch?.item)}/${String(batch?.attempt)}`;
    const begin = `SELECT * FROM platform.purchase_begin('ord_thief', 'usr_proxy', 'proxy', 'thing', 'thing', '{}', '{}', 1, NULL, 'key_proxy', 'lin_proxy', false, NULL, 'batch', $1, 'f', 'req', 'bat_domains', $2, NULL, NULL, NULL, 1000, false)`;
    await expect(client?.query(begin, [idemKey, batch?.item])).rejects.toMatchObject({ constraint: 'batch_item_fence' });
    await owner.query(`SELECT platform.purchase_begin('ord_batch', 'usr_domains', 'domains', 'thing', 'thing', '{}', '{}', 1, NULL, 'key_domains', 'lin_domains', false, NULL, 'batch', $1, 'f', 'req', 'bat_domains', $2, NULL, NULL, NULL, 60000, false)`, [idemKey, batch?.item]);
    await client?.query(`SELECT platform.claim('batch', 'proxy', $1, 'f', 'req', 'key_proxy', 'ord_batch')`, [idemKey]);
    await client?.query(`SELECT platform.finish_claim('batch', 'proxy', $1, 201, '{}', NULL)`, [idemKey]);
    expect((await owner.query(`SELECT state, result FROM platform.batch_item WHERE order_id = 'ord_batch'`)).rows).toEqual([{ state: 'running', result: null }]);
  });

  it('take from no account but the key’s own, and from no cap but its own', async () => {
    const client = clients.get('lumi_proxy');
    const begin = (account: string, lineage: string, operator: boolean) => client?.query(`SELECT outcome FROM platform.purchase_begin('ord_thief', $1, 'proxy', 'thing', 'thing', '{}', '{}', 1, NULL, 'key_proxy', $2, $3, NULL, NULL, NULL, NULL, 'req', NULL, NULL, NULL, NULL, NULL, 1000, true)`, [account, lineage, operator]);
    expect((await begin('usr_proxy', 'lin_proxy', false))?.rows).toEqual([{ outcome: 'held' }]);
    for (const [account, lineage, operator] of [['usr_domains', 'lin_proxy', false], ['usr_proxy', 'lin_domains', false], ['usr_domains', 'lin_proxy', true]] as const) expect((await begin(account, lineage, operator))?.rows).toEqual([{ outcome: 'invalid_key' }]);
  });
});

describe('rows', () => {
  it('of a table with a product are secured by it, or it says here why not', async () => {
    const { rows } = await owner.query<{ name: string; secured: boolean }>(TABLES_OF_PRODUCT);
    // The ledger is one for all products, and what is due to be renewed weighs on the one balance.
    expect(rows.filter(({ secured }) => !secured).map(({ name }) => name)).toEqual(['lifecycle', 'transfer']);
  });

  it.each(PRODUCT_ROLES)('of other products are not there for the role of %s', async (product, role) => {
    const { rows } = await owner.query<{ name: string }>(TABLES_OF_PRODUCT);
    const [client, seen] = [clients.get(role), [] as string[]];
    for (const { name } of rows.filter((row) => !['lifecycle', 'transfer'].includes(row.name))) {
      const { rows: [granted] } = await owner.query<{ may: boolean }>(`SELECT has_any_column_privilege($1, 'platform.' || $2, 'SELECT') AS may`, [role, name]);
      if (granted?.may !== true) continue;
      const found = (await client?.query<{ product: string }>(`SELECT DISTINCT product FROM platform.${name}`))?.rows.map((row) => row.product) ?? [];
      if (found.some((one) => one !== product)) seen.push(`${name}: ${found.join(', ')}`);
    }
    expect(seen).toEqual([]);
    for (const [text, expected] of [
      ['SELECT DISTINCT batch_id AS id FROM platform.batch_item', [`bat_${product}`]], ['SELECT DISTINCT quote_id AS id FROM platform.quote_line ORDER BY 1', [`live_${product}`]], ['SELECT deposit_id AS id FROM platform.sandbox_invoice', [`dep2_${product}`]],
      ['SELECT scope AS id FROM platform.reconciliation', [product]], ['SELECT id FROM platform.api_key', [`key_${product}`]], [`SELECT DISTINCT scope AS id FROM platform.idempotency`, [`usr_${product}`]],
    ] as const) expect([text, (await client?.query<{ id: string }>(text))?.rows.map(({ id }) => id).filter((id) => id !== 'batch')]).toEqual([text, expected]);
  });

  it.each(PRODUCT_ROLES)('of other products are not written by the role of %s, nor any key', async (product, role) => {
    for (const victim of othersOf(product)) {
      const before = await othersState(product);
      for (const [text, ...values] of [
        [`INSERT INTO platform.api_key (id, product, type, lineage_id, digest, pepper_version, prefix, scopes) VALUES ('key_thief', $1, 'operator', 'lin', 'x', 1, 'x', '{}')`, victim],
        [`INSERT INTO platform.api_key (id, product, type, lineage_id, digest, pepper_version, prefix, scopes) VALUES ('key_thief', $1, 'operator', 'lin', 'x', 1, 'x', '{}')`, product],
        [`UPDATE platform.api_key SET signing = 'none' WHERE product = $1`, victim], [`DELETE FROM platform.api_key WHERE product = $1`, product],
        [`SELECT signing_secret FROM platform.api_key WHERE product = $1`, product], [`SELECT digest FROM platform.api_key WHERE product = $1`, product],
        [`SELECT * FROM platform.key_issue('key_thief', $1, 'operator', NULL, 'lin', 'x', 1, 'x', '{}', NULL, NULL, NULL, '{}', 'none', NULL, NULL)`, product],
        [`SELECT platform.adjust('trf_thief', $1, 100, 'mine', $2, NULL, NULL)`, `usr_${product}`, product], [`SELECT platform.create_account('usr_thief', $1)`, 'thief'],
        [`INSERT INTO platform.outbox (product, name, payload) VALUES ($1, 'x', '{}')`, victim], [`INSERT INTO platform.operation_secret (operation_id, account_id, product, sealed) VALUES ('op_thief', $1, $2, 'x')`, `usr_${victim}`, victim],
        [`INSERT INTO platform.quote (id, account_id, product, operation, key_id, created_at, expires_at) VALUES ('quo_thief', $1, $2, 'x', 'k', now(), now() + interval '1 hour')`, `usr_${victim}`, victim],
        [`INSERT INTO platform.quote_line (quote_id, line, ref, kind, terms, price) VALUES ($1, 7, 'x', 'thing', '{}', 0)`, `live_${victim}`],
        [`UPDATE platform.orders SET price = 0 WHERE product = $1`, victim], [`DELETE FROM platform.idempotency WHERE product = $1`, victim], [`UPDATE platform.wallet SET posted = 1 WHERE account_id = $1`, `usr_${product}`],
        [`INSERT INTO platform.event (id, account_id, product, type, subject, data) VALUES ('evt_thief', $1, $2, 't', 's', '{}')`, `usr_${victim}`, victim],
      ] as const) expect([text, (await attempt(role, text, values)).code]).toEqual([text, DENIED]);
      expect(await othersState(product)).toBe(before);
    }
  });

  it('of the ledger are not written by anybody, not even by lumi_admin and the owner', async () => {
    for (const role of ROLES) for (const table of ['entry', 'transfer']) expect((await attempt(role, `DELETE FROM platform.${table}`)).code).toBe(DENIED);
    for (const table of ['entry', 'transfer']) await expect(owner.query(`DELETE FROM platform.${table}`)).rejects.toMatchObject({ code: DENIED });
  });
});

describe('the gateway', () => {
  it('reads keys and notes their use, and that is all', async () => {
    const gateway = clients.get('lumi_gateway');
    expect((await gateway?.query('SELECT id FROM platform.api_key ORDER BY id'))?.rows).toHaveLength(3);
    const { rows } = await owner.query<{ name: string }>(`SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind = 'r' AND has_any_column_privilege('lumi_gateway', c.oid, 'SELECT, INSERT, UPDATE')`);
    expect(rows).toEqual([{ name: 'api_key' }]);
    expect((await functions()).filter(({ callers }) => callers.includes('lumi_gateway')).map(({ name }) => name)).toEqual(['touch_keys']);
  });
});

describe('lumi_admin', () => {
  it('sees all products, writes through functions alone, and none of a service’s', async () => {
    const admin = clients.get('lumi_admin');
    expect((await admin?.query('SELECT count(DISTINCT product)::int AS n FROM platform.orders'))?.rows).toEqual([{ n: 3 }]);
    const { rows } = await owner.query(`SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind = 'r' AND has_table_privilege('lumi_admin', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')`);
    expect(rows).toEqual([]);
    expect((await functions()).filter(({ callers }) => callers.includes('lumi_admin')).map(({ name }) => name)).toEqual(
      ['adjust', 'audit_note', 'auto_renew_spent', 'claim', 'create_account', 'finish_claim', 'finish_claim_sealed', 'key_issue', 'key_revoke', 'key_roll', 'reconciliation_report', 'reconciliation_take'],
    );
    expect((await attempt('lumi_admin', `SELECT signing_secret FROM platform.api_key`)).code).toBe(DENIED);
  });
});
