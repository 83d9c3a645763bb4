// Queries about proxies. Every read takes a reach; writers that ride on a purchase read from its CTE.
import { joinSql, sql, emptySql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { EXPIRING_MS, PROXY_STATES, type NewProxy, type ProxyRow, type ProxyState } from './proxy-row';

export interface ProxyFilter {
  readonly state?: ProxyState | undefined;
  readonly country?: string | undefined;
  readonly type?: string | undefined;
  readonly orderId?: string | undefined;
  readonly tag?: string | undefined;
  readonly reference?: string | undefined;
  readonly healthy?: boolean | undefined;
  readonly ip?: string | undefined;
  readonly subnet?: string | undefined;
  readonly autoRenew?: boolean | undefined;
  readonly expiresBefore?: Date | undefined;
  readonly ids?: readonly string[] | undefined;
}

export type ProxySort = 'newest' | 'expires_at';

/** Reads at most `limit` rows. `after` is the position of the last row of the page before. */
export async function listProxies(db: SqlRunner, reach: Reach, filter: ProxyFilter, page: { limit: number; after: readonly string[] | null; sort: ProxySort; now: Date }): Promise<ProxyRow[]> {
  const { after, sort } = page;
  const conditions = [...within(reach), ...matching(filter, page.now)];
  if (after !== null) conditions.push(sort === 'newest' ? sql`seq < ${after[0] ?? ''}::bigint` : sql`(expires_at, id) > (${after[0] ?? ''}::timestamptz, ${after[1] ?? ''})`);
  return db.$queryRaw<ProxyRow[]>(sql`
    SELECT * FROM proxy.proxy ${where(conditions)} ORDER BY ${sort === 'newest' ? sql`seq DESC` : sql`expires_at, id`} LIMIT ${page.limit}::int`);
}

export async function findProxy(db: SqlRunner, reach: Reach, id: string): Promise<ProxyRow | null> {
  const rows = await db.$queryRaw<ProxyRow[]>(sql`SELECT * FROM proxy.proxy ${where([sql`id = ${id}`, ...within(reach)])}`);
  return rows[0] ?? null;
}

export async function findProxies(db: SqlRunner, reach: Reach, ids: readonly string[]): Promise<Map<string, ProxyRow>> {
  const rows = await db.$queryRaw<ProxyRow[]>(sql`SELECT * FROM proxy.proxy ${where([sql`id = ANY (${[...ids]}::text[])`, ...within(reach)])}`);
  return new Map(rows.map((row) => [row.id, row]));
}

export async function proxiesOfOrder(db: SqlRunner, reach: Reach, orderId: string): Promise<ProxyRow[]> {
  return db.$queryRaw<ProxyRow[]>(sql`SELECT * FROM proxy.proxy ${where([sql`order_id = ${orderId}`, ...within(reach)])} ORDER BY seq`);
}

/** For the summary: all proxies, with what they are counted by. */
export function summaryRows(now: Date): Sql {
  return sql`
    SELECT account_id, expires_at, auto_renew, CASE ${joinSql(PROXY_STATES.map((state) => sql`WHEN ${inState(state, now)} THEN ${state}::text`), ' ')} END AS state, type, country,
      CASE WHEN health_ok THEN 'healthy' WHEN health_ok = false THEN 'unhealthy' ELSE 'unchecked' END AS health FROM proxy.proxy`;
}

export interface ProxyChange {
  readonly label?: string | null | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly reference?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
  readonly auto_renew?: boolean | undefined;
  readonly protocol?: 'http' | 'socks5' | undefined;
  readonly rotation_s?: number | null | undefined;
}

/** Changes live proxies, in the order of their ids; what a data plane must learn raises the access version. Returns the changed rows. */
export async function changeProxies(db: SqlRunner, ids: readonly string[], change: ProxyChange, now: Date): Promise<ProxyRow[]> {
  const sets: Sql[] = [sql`updated_at = ${now}`];
  if (change.label !== undefined) sets.push(sql`label = ${change.label}::text`);
  if (change.tags !== undefined) sets.push(sql`tags = ${[...change.tags]}::text[]`);
  if (change.reference !== undefined) sets.push(sql`reference = ${change.reference}::text`);
  if (change.metadata !== undefined) sets.push(sql`metadata = ${change.metadata === null ? null : JSON.stringify(change.metadata)}::jsonb`);
  if (change.auto_renew !== undefined) sets.push(sql`auto_renew = ${change.auto_renew}`);
  if (change.protocol !== undefined) sets.push(sql`protocol = ${change.protocol}`);
  if (change.rotation_s !== undefined) sets.push(sql`rotation_s = ${change.rotation_s}::int`);
  if (change.label !== undefined || change.protocol !== undefined || change.rotation_s !== undefined) sets.push(sql`access_version = access_version + 1`);
  return db.$queryRaw<ProxyRow[]>(sql`
    WITH locked AS MATERIALIZED (SELECT id FROM proxy.proxy WHERE id = ANY (${[...ids]}::text[]) AND state = 'active' ORDER BY id FOR NO KEY UPDATE)
    UPDATE proxy.proxy p SET ${joinSql(sets, ', ')} FROM locked WHERE p.id = locked.id RETURNING p.*`);
}

/** The pair before becomes the old one, for as long as `oldUntil` says. Null: the proxy is over. */
export async function setProxyCredentials(db: SqlRunner, id: string, fresh: { username: string; password: Uint8Array; oldUntil: Date | null; now: Date }): Promise<ProxyRow | null> {
  const keep = fresh.oldUntil !== null;
  const rows = await db.$queryRaw<ProxyRow[]>(sql`
    UPDATE proxy.proxy SET old_username = ${keep ? sql`username` : sql`NULL`}, old_password = ${keep ? sql`password` : sql`NULL`}, old_until = ${fresh.oldUntil}::timestamptz,
      username = ${fresh.username}, password = ${new Uint8Array(fresh.password)}::bytea, access_version = access_version + 1, updated_at = ${fresh.now}
    WHERE id = ${id} AND state = 'active' RETURNING *`);
  return rows[0] ?? null;
}

// ── riders of purchases ──────────────────────────────────────────────────────────────────────────────────────────

/** Locks proxies for the order that is being begun; the constraints proxy_lock_one and proxy_lock_term refuse. */
export function lockProxies(orderId: string, proxies: readonly { readonly id: string; readonly term: number }[]): Sql {
  return sql`
    INSERT INTO proxy.proxy_lock (proxy_id, term, order_id)
    SELECT x.id, x.term, ${orderId} FROM begun, jsonb_to_recordset(${JSON.stringify(proxies.map(({ id, term }) => ({ id, term })))}::jsonb) AS x(id text, term int) WHERE begun.outcome = 'held'`;
}

export function unlockProxies(orderId: string): Sql {
  return sql`DELETE FROM proxy.proxy_lock l USING settled WHERE settled.settled AND l.order_id = ${orderId}`;
}

export function lockRefusal(constraint: string, outdated: 'expiry_mismatch' | 'state_conflict'): 'busy' | 'expiry_mismatch' | 'state_conflict' | null {
  if (constraint === 'proxy_lock_one') return 'busy';
  return constraint === 'proxy_lock_term' ? outdated : null;
}

export function insertProxies(proxies: readonly NewProxy[], carried: readonly { readonly id: string; readonly replaces: string; readonly replacementsUsed: number }[] = []): Sql {
  const carriedById = new Map(carried.map((one) => [one.id, one]));
  const rows = proxies.map(({ exit, password, surcharge, ...rest }) => ({
    ...rest, surcharge: surcharge.toString(), password: Buffer.from(password).toString('hex'), network_id: exit.networkId, country: exit.country, city: exit.city, asn: exit.asn, host: exit.host, port: exit.port, port_socks: exit.portSocks,
    exit_ip: exit.exitIp, subnet: exit.subnet, replaces: carriedById.get(rest.id)?.replaces ?? null, replacements_used: carriedById.get(rest.id)?.replacementsUsed ?? 0,
  }));
  return sql`
    INSERT INTO proxy.proxy (id, account_id, order_id, product_id, type, network_id, country, city, asn, host, port, port_socks, exit_ip, subnet, protocol, auth_mode, username, password,
                             period_days, starts_at, expires_at, grace_until, auto_renew, rotation_s, label, tags, reference, metadata, replaces, replacements_used, surcharge, created_at, updated_at)
    SELECT x.id, x.account_id, x.order_id, x.product_id, x.type, x.network_id, x.country, x.city, x.asn, x.host, x.port, x.port_socks, x.exit_ip, x.subnet, x.protocol, x.auth_mode, x.username, decode(x.password, 'hex'),
           x.period_days, x.starts_at, x.expires_at, x.grace_until, x.auto_renew, x.rotation_s, x.label, x.tags, x.reference, x.metadata, x.replaces, x.replacements_used, x.surcharge, x.starts_at, x.starts_at
    FROM settled, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(
      id text, account_id text, order_id text, product_id text, type text, network_id text, country text, city text, asn int, host text, port int, port_socks int, exit_ip text, subnet text, protocol text, auth_mode text,
      username text, password text, period_days int, starts_at timestamptz, expires_at timestamptz, grace_until timestamptz, auto_renew boolean, rotation_s int, label text, tags text[], reference text, metadata jsonb,
      replaces text, replacements_used int, surcharge bigint)
    WHERE settled.settled`;
}

function matching(filter: ProxyFilter, now: Date): Sql[] {
  const list: Sql[] = [];
  if (filter.state !== undefined) list.push(inState(filter.state, now));
  if (filter.country !== undefined) list.push(sql`country = ${filter.country}`);
  if (filter.type !== undefined) list.push(sql`type = ${filter.type}`);
  if (filter.orderId !== undefined) list.push(sql`order_id = ${filter.orderId}`);
  if (filter.tag !== undefined) list.push(sql`${filter.tag} = ANY (tags)`);
  if (filter.reference !== undefined) list.push(sql`reference = ${filter.reference}`);
  if (filter.healthy !== undefined) list.push(filter.healthy ? sql`health_ok` : sql`health_ok = false`);
  if (filter.ip !== undefined) list.push(sql`exit_ip = ${filter.ip}`);
  if (filter.subnet !== undefined) list.push(sql`subnet = ${filter.subnet}`);
  if (filter.autoRenew !== undefined) list.push(sql`auto_renew = ${filter.autoRenew}`);
  if (filter.expiresBefore !== undefined) list.push(sql`expires_at < ${filter.expiresBefore}`);
  if (filter.ids !== undefined) list.push(sql`id = ANY (${[...filter.ids]}::text[])`);
  return list;
}

function inState(state: ProxyState, now: Date): Sql {
  const soon = new Date(now.getTime() + EXPIRING_MS);
  switch (state) {
    case 'active':
      return sql`(state = 'active' AND expires_at > ${soon})`;
    case 'expiring':
      return sql`(state = 'active' AND expires_at > ${now} AND expires_at <= ${soon})`;
    case 'grace':
      return sql`(state = 'active' AND expires_at <= ${now} AND grace_until > ${now})`;
    case 'expired':
      return sql`(state = 'ended' OR (state = 'active' AND grace_until <= ${now}))`;
    case 'replaced':
      return sql`state = 'replaced'`;
  }
}

function within(reach: Reach): Sql[] {
  return reach.kind === 'account' ? [sql`account_id = ${reach.accountId}`] : [];
}

function where(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? emptySql : sql`WHERE ${joinSql([...conditions], ' AND ')}`;
}
