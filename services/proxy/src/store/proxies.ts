// Queries on proxies. Every read takes a reach. Writes that are part of a purchase read from its CTE.
import {
  fromStep,
  joinSql,
  rawSql,
  rider,
  sql,
  usingStep,
  type Rider,
  type Sql,
  type SqlRunner,
} from '@lumi/shared/db';
import { ownedBy, type Reach } from '@lumi/shared/endpoint';
import { Sorting, whereThings, within, type SortedPage, type SortedRow, type ThingFilter } from '@lumi/shared/listing';
import type { PrismaClient } from '../generated/db/client';
import { EXPIRING_MS, PROXY_STATES, type NewProxy, type ProxyRow, type ProxyState, proxyOfRow } from './proxy-row';

export type ProxyFilter = Partial<ThingFilter> & {
  readonly state?: ProxyState | undefined;
  readonly country?: string | undefined;
  readonly type?: string | undefined;
  readonly order_id?: string | undefined;
  readonly healthy?: boolean | undefined;
  readonly ip?: string | undefined;
  readonly subnet?: string | undefined;
};

export const SORTING = Sorting.newestFirst('p', { expires_at: { column: sql`p.expires_at`, type: 'timestamptz' } });

const TABLE = { alias: 'p', search: [sql`p.label`, sql`p.username`, sql`host(p.exit_ip)`] };

/**
 * One more than the limit, newest first by default. Ended proxies are included only when the filter asks for their
 * state or their order.
 */
export async function listProxies(
  db: SqlRunner,
  reach: Reach,
  filter: ProxyFilter,
  { limit, now, sort = SORTING.fallback, after = null }: SortedPage<typeof SORTING.fallback>,
): Promise<(ProxyRow & SortedRow)[]> {
  const { state, country, type, healthy, ip, subnet } = filter;
  // Raw SQL: pages by the chosen order.
  return db.$queryRaw<(ProxyRow & SortedRow)[]>(sql`
    SELECT p.*, ${SORTING.select(sort)} FROM proxy.proxy p ${whereThings(TABLE, reach, filter, [
      state !== undefined ? inState(state, now) : filter.order_id === undefined ? isLive(now) : null,
      filter.order_id === undefined ? null : sql`p.order_id = ${filter.order_id}`,
      country === undefined ? null : sql`p.country = ${country}`,
      type === undefined ? null : sql`p.type = ${type}`,
      healthy === undefined ? null : sql`p.health_ok = ${healthy}`,
      ip === undefined ? null : sql`p.exit_ip = ${ip}::inet`,
      subnet === undefined ? null : sql`p.exit_ip <<= ${subnet}::inet`,
      SORTING.after(sort, after),
    ])} ${SORTING.orderBy(sort)} LIMIT ${limit + 1}::int`);
}

type ProxyTable = Pick<PrismaClient, 'proxy'>;

export async function findProxy(db: SqlRunner, reach: Reach, id: string): Promise<ProxyRow | null> {
  // Raw SQL: callers poll it, and with the typed client it was more than 10 % slower (docs/decisions/0008).
  const rows = await db.$queryRaw<ProxyRow[]>(
    sql`SELECT * FROM proxy.proxy p WHERE p.id = ${id} AND ${within(reach, 'p')}`,
  );
  return rows[0] ?? null;
}

export async function findProxies(db: SqlRunner, reach: Reach, ids: readonly string[]): Promise<Map<string, ProxyRow>> {
  // Raw SQL: one array, however many proxies are asked for.
  const rows = await db.$queryRaw<ProxyRow[]>(
    sql`SELECT * FROM proxy.proxy p WHERE p.id = ANY (${[...ids]}::text[]) AND ${within(reach, 'p')}`,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export async function proxiesOfOrder(db: ProxyTable, reach: Reach, orderId: string): Promise<ProxyRow[]> {
  const rows = await db.proxy.findMany({ where: { order_id: orderId, ...ownedBy(reach) }, orderBy: { seq: 'asc' } });
  return rows.map(proxyOfRow);
}

/** For the summary: the columns of the list and those that are counted. */
export function summaryRows(now: Date): Sql {
  return sql`
    SELECT p.account_id, p.expires_at, p.auto_renew, CASE ${joinSql(
      PROXY_STATES.map((state) => sql`WHEN ${inState(state, now)} THEN ${state}::text`),
      ' ',
    )} END AS state, p.type, p.country,
      CASE WHEN p.health_ok THEN 'healthy' WHEN p.health_ok = false THEN 'unhealthy' ELSE 'unchecked' END AS health
        FROM proxy.proxy p WHERE ${isLive(now)}`;
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

/**
 * Changes live proxies, in the order of their ids, and raises the access version when a data plane must learn the
 * change. Returns the changed rows.
 */
export async function changeProxies(
  db: SqlRunner,
  ids: readonly string[],
  change: ProxyChange,
  now: Date,
): Promise<ProxyRow[]> {
  const sets: Sql[] = [sql`updated_at = ${now}`];
  if (change.label !== undefined) sets.push(sql`label = ${change.label}::text`);
  if (change.tags !== undefined) sets.push(sql`tags = ${[...change.tags]}::text[]`);
  if (change.reference !== undefined) sets.push(sql`reference = ${change.reference}::text`);
  if (change.metadata !== undefined)
    sets.push(sql`metadata = ${change.metadata === null ? null : JSON.stringify(change.metadata)}::jsonb`);
  if (change.auto_renew !== undefined) sets.push(sql`auto_renew = ${change.auto_renew}`);
  if (change.protocol !== undefined) sets.push(sql`protocol = ${change.protocol}`);
  if (change.rotation_s !== undefined) sets.push(sql`rotation_s = ${change.rotation_s}::int`);
  if (change.label !== undefined || change.protocol !== undefined || change.rotation_s !== undefined)
    sets.push(sql`access_version = access_version + 1`);
  // Raw SQL: rows are locked in the order of their ids.
  return db.$queryRaw<ProxyRow[]>(sql`
    WITH locked AS MATERIALIZED (SELECT id FROM proxy.proxy WHERE id = ANY (${[...ids]}::text[]) AND state = 'active'
      ORDER BY id FOR NO KEY UPDATE)
    UPDATE proxy.proxy p SET ${joinSql(sets, ', ')} FROM locked WHERE p.id = locked.id RETURNING p.*`);
}

// ── riders of purchases ──────────────────────────────────────────────────────────────────────────────────────────

/**
 * Locks proxies for the order that begins. proxy_lock_one refuses a second order, and proxy_lock_term prevents any
 * change of the term while the order is open.
 */
export function lockProxies(
  orderId: string,
  proxies: readonly { readonly id: string; readonly term: number }[],
): Rider<'begun'> {
  const locked = JSON.stringify(proxies.map(({ id, term }) => ({ id, term })));
  return rider`
    INSERT INTO proxy.proxy_lock (proxy_id, term, order_id)
    SELECT x.id, x.term, ${orderId}
      ${fromStep('begun', sql`jsonb_to_recordset(${locked}::jsonb) AS x(id text, term int)`)}`;
}

export function unlockProxies(orderId: string): Rider<'settled'> {
  return rider`DELETE FROM proxy.proxy_lock l ${usingStep('settled')} AND l.order_id = ${orderId}`;
}

export function lockRefusal(constraint: string): 'busy' | 'state_conflict' | null {
  if (constraint === 'proxy_lock_one') return 'busy';
  return constraint === 'proxy_lock_term' ? 'state_conflict' : null;
}

/**
 * `carried`: each takes the place of another. It has that one's settings and suspension as they are at this moment, so
 * that no change of them is lost.
 */
export function insertProxies(
  proxies: readonly NewProxy[],
  carried: readonly { readonly id: string; readonly replaces: string; readonly replacementsUsed: number }[] = [],
): Rider<'settled'> {
  const from = carried.length === 0 ? rawSql('x') : rawSql('o');
  const old = carried.length === 0 ? sql`` : sql` JOIN LATERAL proxy.proxy_now(x.replaces) o ON true`;
  const carriedById = new Map(carried.map((one) => [one.id, one]));
  const rows = proxies.map(({ exit, password, surcharge, ...rest }) => ({
    ...rest,
    surcharge: surcharge.toString(),
    password: Buffer.from(password).toString('hex'),
    network_id: exit.networkId,
    country: exit.country,
    city: exit.city,
    asn: exit.asn,
    host: exit.host,
    port: exit.port,
    port_socks: exit.portSocks,
    exit_ip: exit.exitIp,
    subnet: exit.subnet,
    replaces: carriedById.get(rest.id)?.replaces ?? null,
    replacements_used: carriedById.get(rest.id)?.replacementsUsed ?? 0,
  }));
  return rider`
    INSERT INTO proxy.proxy (id, account_id, order_id, product_id, type, network, network_id, country, city, asn, host,
      port, port_socks, exit_ip, subnet, protocol, auth_mode, username, password,
      period_days, starts_at, expires_at, grace_until, auto_renew, rotation_s, label, tags,
      reference, metadata, replaces, replacements_used, surcharge, suspended_for, created_at, updated_at)
    SELECT x.id, x.account_id, x.order_id, x.product_id, x.type, x.network, x.network_id, x.country, x.city, x.asn,
      x.host, x.port, x.port_socks, x.exit_ip, x.subnet, ${from}.protocol, x.auth_mode, x.username,
      decode(x.password, 'hex'),
      x.period_days, x.starts_at, x.expires_at, x.grace_until, ${from}.auto_renew, ${from}.rotation_s,
      ${from}.label, ${from}.tags, ${from}.reference, ${from}.metadata, x.replaces, x.replacements_used,
      x.surcharge, ${from}.suspended_for, x.starts_at, x.starts_at
    ${fromStep(
      'settled',
      sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(
      id text, account_id text, order_id text, product_id text, type text, network text, network_id text, country text,
        city text, asn int, host text, port int, port_socks int, exit_ip inet, subnet inet, protocol text,
        auth_mode text, username text, password text, period_days int, starts_at timestamptz, expires_at timestamptz,
        grace_until timestamptz, auto_renew boolean, rotation_s int, label text, tags text[], reference text,
          metadata jsonb,
      replaces text, replacements_used int, surcharge bigint, suspended_for text)${old}`,
    )}`;
}

/** Active, expiring or in grace. */
function isLive(now: Date): Sql {
  return sql`(p.state = 'active' AND p.grace_until > ${now})`;
}

function inState(state: ProxyState, now: Date): Sql {
  const soon = new Date(now.getTime() + EXPIRING_MS);
  switch (state) {
    case 'active':
      return sql`(p.state = 'active' AND p.expires_at > ${soon})`;
    case 'expiring':
      return sql`(p.state = 'active' AND p.expires_at > ${now} AND p.expires_at <= ${soon})`;
    case 'grace':
      return sql`(p.state = 'active' AND p.expires_at <= ${now} AND p.grace_until > ${now})`;
    case 'expired':
      return sql`(p.state = 'ended' OR (p.state = 'active' AND p.grace_until <= ${now}))`;
    case 'replaced':
      return sql`p.state = 'replaced'`;
  }
}
