// Connects as each role of the database and tries what docs/architecture.md forbids: rows and functions of other
// products. It reads the functions from the catalogue, so a new one is tried automatically. A function with a parameter
// that this file cannot fill fails the test until a value for it is added here.
import { ROLES } from './roles';
import {
  PRODUCT_ROLES,
  othersOf,
  othersState,
  attempt,
  owner,
  clients,
  TABLES_OF_PRODUCT,
} from './test/everything-of-each-product';
import { functions, argument } from './test/functions';

const DENIED = '42501';

describe('functions that work as the owner', () => {
  it.each(PRODUCT_ROLES)('change and show nothing of another product for the role %s', async (product, role) => {
    const all = (await functions()).filter(({ callers }) => callers.includes(role));
    expect(all.length).toBeGreaterThan(40);
    const bad: string[] = [];
    for (const victim of othersOf(product)) {
      const before = await othersState(product);
      for (const fn of all) {
        const values = fn.names.map((name, i) => argument(name, fn.types[i] ?? '', fn.name, victim));
        const parameters = fn.types.map((type, i) => `$${String(i + 1)}::${type}`);
        const text = `SELECT * FROM platform.${fn.name}(${parameters.join(', ')})`;
        const { code, rows } = await attempt(role, text, values);
        if (code === null && (await othersState(product)) !== before) bad.push(`${fn.name} changed rows of ${victim}`);
        const told = JSON.stringify(rows);
        if (code === null && new RegExp(`(_|-|")${victim}`).test(told))
          bad.push(`${fn.name} tells of ${victim}: ${told}`);
        // A function with a product parameter refuses another product; one with only an id does not find it.
        if (fn.names.includes('p_product') && code !== DENIED)
          bad.push(`${fn.name} is not refused: ${String(code)} ${told}`);
      }
    }
    expect(bad).toEqual([]);
  });

  it('check the role set by SET ROLE, not only the login role', async () => {
    await owner.query('SET ROLE lumi_proxy');
    try {
      await expect(owner.query(`SELECT platform.emit_events('usr_domains', 'domains', '[]')`)).rejects.toMatchObject({
        code: DENIED,
      });
      await expect(owner.query(`SELECT platform.emit_events('usr_domains', NULL, '[]')`)).rejects.toMatchObject({
        code: DENIED,
      });
      expect((await owner.query(`SELECT id FROM platform.orders`)).rows).toEqual([{ id: 'ord_proxy' }]);
    } finally {
      await owner.query('RESET ROLE');
    }
  });

  it('can be called by the roles only', async () => {
    const { rows } = await owner.query(
      `SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'platform'::regnamespace
        AND has_function_privilege('public', p.oid, 'EXECUTE')`,
    );
    expect(rows).toEqual([]);
  });

  it('buy for no batch of another product, and end no item of one', async () => {
    const client = clients.get('lumi_proxy');
    const [batch] = (
      await owner.query<{ item: number; attempt: number }>(
        `SELECT item, attempt FROM platform.batch_take('domains', 'bat_domains', 1, 60000)`,
      )
    ).rows;
    const idemKey = `bat_domains/${String(batch?.item)}/${String(batch?.attempt)}`;
    const begin = `SELECT * FROM platform.purchase_begin('ord_thief', 'usr_proxy', 'proxy', 'thing', 'thing', '{}',
      '{}', 1, NULL, 'key_proxy', 'lin_proxy', false, NULL, 'batch', $1, 'f', 'req', 'bat_domains', $2, NULL, NULL,
        NULL, 1000, false)`;
    await expect(client?.query(begin, [idemKey, batch?.item])).rejects.toMatchObject({
      constraint: 'batch_item_fence',
    });
    await owner.query(
      `SELECT platform.purchase_begin('ord_batch', 'usr_domains', 'domains', 'thing', 'thing', '{}', '{}', 1, NULL,
        'key_domains', 'lin_domains', false, NULL, 'batch', $1, 'f', 'req', 'bat_domains', $2, NULL, NULL, NULL, 60000,
          false)`,
      [idemKey, batch?.item],
    );
    await client?.query(`SELECT platform.claim('batch', 'proxy', $1, 'f', 'req', 'key_proxy', 'ord_batch')`, [idemKey]);
    await client?.query(`SELECT platform.finish_claim('batch', 'proxy', $1, 201, '{}', NULL)`, [idemKey]);
    expect(
      (await owner.query(`SELECT state, result FROM platform.batch_item WHERE order_id = 'ord_batch'`)).rows,
    ).toEqual([{ state: 'running', result: null }]);
  });

  it('take from no account but the key’s own, and from no cap but its own', async () => {
    const client = clients.get('lumi_proxy');
    const begin = (account: string, lineage: string, operator: boolean) =>
      client?.query(
        `SELECT outcome FROM platform.purchase_begin('ord_thief', $1, 'proxy', 'thing', 'thing', '{}', '{}', 1, NULL,
          'key_proxy', $2, $3, NULL, NULL, NULL, NULL, 'req', NULL, NULL, NULL, NULL, NULL, 1000, true)`,
        [account, lineage, operator],
      );
    expect((await begin('usr_proxy', 'lin_proxy', false))?.rows).toEqual([{ outcome: 'held' }]);
    for (const [account, lineage, operator] of [
      ['usr_domains', 'lin_proxy', false],
      ['usr_proxy', 'lin_domains', false],
      ['usr_domains', 'lin_proxy', true],
    ] as const)
      expect((await begin(account, lineage, operator))?.rows).toEqual([{ outcome: 'invalid_key' }]);
  });
});

describe('rows', () => {
  it('of a table with a product are secured by row-level security; exceptions are listed here', async () => {
    const { rows } = await owner.query<{ name: string; secured: boolean }>(TABLES_OF_PRODUCT);
    // The ledger is one for all products, and the renewals due reduce the one balance.
    expect(rows.filter(({ secured }) => !secured).map(({ name }) => name)).toEqual(['lifecycle', 'transfer']);
  });

  it.each(PRODUCT_ROLES)('of other products are not visible to the role of %s', async (product, role) => {
    const { rows } = await owner.query<{ name: string }>(TABLES_OF_PRODUCT);
    const [client, seen] = [clients.get(role), [] as string[]];
    for (const { name } of rows.filter((row) => !['lifecycle', 'transfer'].includes(row.name))) {
      const {
        rows: [granted],
      } = await owner.query<{ may: boolean }>(
        `SELECT has_any_column_privilege($1, 'platform.' || $2, 'SELECT') AS may`,
        [role, name],
      );
      if (granted?.may !== true) continue;
      const found =
        (await client?.query<{ product: string | null }>(`SELECT DISTINCT product FROM platform.${name}`))?.rows.map(
          (row) => row.product,
        ) ?? [];
      // An event about the account itself has no product, and each product shows it.
      if (found.some((one) => one !== product && !(one === null && name === 'event')))
        seen.push(`${name}: ${found.join(', ')}`);
    }
    expect(seen).toEqual([]);
    for (const [text, expected] of [
      ['SELECT DISTINCT batch_id AS id FROM platform.batch_item', [`bat_${product}`]],
      ['SELECT DISTINCT quote_id AS id FROM platform.quote_line ORDER BY 1', [`live_${product}`]],
      ['SELECT deposit_id AS id FROM platform.sandbox_invoice', [`dep2_${product}`]],
      ['SELECT scope AS id FROM platform.reconciliation', [product]],
      ['SELECT id FROM platform.api_key', [`key_${product}`]],
      [`SELECT DISTINCT scope AS id FROM platform.idempotency`, [`usr_${product}`]],
    ] as const)
      expect([
        text,
        (await client?.query<{ id: string }>(text))?.rows.map(({ id }) => id).filter((id) => id !== 'batch'),
      ]).toEqual([text, expected]);
  });

  it.each(PRODUCT_ROLES)('of other products, and keys, cannot be written by the role of %s', async (product, role) => {
    for (const victim of othersOf(product)) {
      const before = await othersState(product);
      for (const [text, ...values] of [
        [
          `INSERT INTO platform.api_key (id, product, type, lineage_id, digest, pepper_version, prefix, scopes)
            VALUES ('key_thief', $1, 'operator', 'lin', 'x', 1, 'x', '{}')`,
          victim,
        ],
        [
          `INSERT INTO platform.api_key (id, product, type, lineage_id, digest, pepper_version, prefix, scopes)
            VALUES ('key_thief', $1, 'operator', 'lin', 'x', 1, 'x', '{}')`,
          product,
        ],
        [`UPDATE platform.api_key SET signing = 'none' WHERE product = $1`, victim],
        [`DELETE FROM platform.api_key WHERE product = $1`, product],
        [`SELECT signing_secret FROM platform.api_key WHERE product = $1`, product],
        [`SELECT digest FROM platform.api_key WHERE product = $1`, product],
        [
          `SELECT * FROM platform.key_issue('key_thief', $1, 'operator', NULL, 'lin', 'x', 1, 'x', '{}', NULL, NULL,
            NULL, '{}', 'none', NULL, NULL)`,
          product,
        ],
        [`SELECT platform.adjust('trf_thief', $1, 100, 'mine', $2, NULL, NULL)`, `usr_${product}`, product],
        [`SELECT platform.create_account('usr_thief', $1)`, 'thief'],
        [`INSERT INTO platform.outbox (product, name, payload) VALUES ($1, 'x', '{}')`, victim],
        [
          `INSERT INTO platform.operation_secret (operation_id, account_id, product, sealed)
            VALUES ('op_thief', $1, $2, 'x')`,
          `usr_${victim}`,
          victim,
        ],
        [
          `INSERT INTO platform.quote (id, account_id, product, operation, key_id, created_at, expires_at)
            VALUES ('quo_thief', $1, $2, 'x', 'k', now(), now() + interval '1 hour')`,
          `usr_${victim}`,
          victim,
        ],
        [
          `INSERT INTO platform.quote_line (quote_id, line, ref, kind, terms, price)
            VALUES ($1, 7, 'x', 'thing', '{}', 0)`,
          `live_${victim}`,
        ],
        [`UPDATE platform.orders SET price = 0 WHERE product = $1`, victim],
        [`DELETE FROM platform.idempotency WHERE product = $1`, victim],
        [`UPDATE platform.wallet SET posted = 1 WHERE account_id = $1`, `usr_${product}`],
        [
          `INSERT INTO platform.event (id, account_id, product, type, subject, data)
            VALUES ('evt_thief', $1, $2, 't', 's', '{}')`,
          `usr_${victim}`,
          victim,
        ],
      ] as const)
        expect([text, (await attempt(role, text, values)).code]).toEqual([text, DENIED]);
      expect(await othersState(product)).toBe(before);
    }
  });

  it('of the ledger cannot be changed, not even by lumi_admin or the owner', async () => {
    for (const role of ROLES)
      for (const table of ['entry', 'transfer'])
        expect((await attempt(role, `DELETE FROM platform.${table}`)).code).toBe(DENIED);
    for (const table of ['entry', 'transfer'])
      await expect(owner.query(`DELETE FROM platform.${table}`)).rejects.toMatchObject({ code: DENIED });
  });
});

describe('the gateway', () => {
  it('can read keys and record their use, and nothing else', async () => {
    const gateway = clients.get('lumi_gateway');
    expect((await gateway?.query('SELECT id FROM platform.api_key ORDER BY id'))?.rows).toHaveLength(3);
    const { rows } = await owner.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind = 'r'
        AND has_any_column_privilege('lumi_gateway', c.oid, 'SELECT, INSERT, UPDATE')`,
    );
    expect(rows).toEqual([{ name: 'api_key' }]);
    expect(
      (await functions()).filter(({ callers }) => callers.includes('lumi_gateway')).map(({ name }) => name),
    ).toEqual(['touch_keys']);
  });
});

describe('lumi_admin', () => {
  it('sees all products, writes only through functions, and cannot call those of a service', async () => {
    const admin = clients.get('lumi_admin');
    expect((await admin?.query('SELECT count(DISTINCT product)::int AS n FROM platform.orders'))?.rows).toEqual([
      { n: 3 },
    ]);
    const { rows } = await owner.query(
      `SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind = 'r'
        AND has_table_privilege('lumi_admin', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')`,
    );
    expect(rows).toEqual([]);
    expect((await functions()).filter(({ callers }) => callers.includes('lumi_admin')).map(({ name }) => name)).toEqual(
      [
        'adjust',
        'audit_note',
        'auto_renew_spent',
        'claim',
        'create_account',
        'finish_claim',
        'finish_claim_sealed',
        'key_issue',
        'key_revoke',
        'key_roll',
        'queue_state',
        'reconciliation_report',
        'reconciliation_take',
        'schema_history',
      ],
    );
    expect((await attempt('lumi_admin', `SELECT signing_secret FROM platform.api_key`)).code).toBe(DENIED);
  });
});
