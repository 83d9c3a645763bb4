// Our books of the supplier: each command before its first byte leaves, how it ended, and the addresses it brought.
// Raw SQL: rows are locked, functions are called, and several tables change in one transaction.
import { inTransaction, sql, type Database, type Tx } from '@lumi/shared/db';
import { newId, type ErrorCode } from '@lumi/shared/contract';
import type { Clock, SecretRing } from '@lumi/shared/runtime';
import type { UpstreamEndpoint } from '../../node/upstream-handshake';
import { endpointColumns, endpointsOf } from '../../store/upstream-endpoints';
import type { Exit } from '../proxy-network';
import { withSubnet } from '../subnet';
import type { ListedProxy } from './answers';
import { freeEntries, holdEntries, takeEntries } from './held-entries';

export interface Command {
  readonly reference: string;
  readonly command: 'allocate' | 'extend' | 'replace';
  readonly request: Record<string, unknown>;
  readonly state: 'sent' | 'executed' | 'refused';
  /** The supplier's plan or replacement, once it is known. */
  readonly supplier_id: number | null;
  readonly result: Record<string, unknown> | null;
  readonly refusal_code: ErrorCode | null;
  readonly refusal_text: string | null;
}

export interface BookedExit {
  readonly network_id: string;
  readonly plan_id: number;
  readonly product_id: string;
  readonly country: string;
  readonly city: string;
  readonly address: string;
}

export interface Brought {
  readonly planId: number;
  readonly productId: string;
  readonly proxies: readonly ListedProxy[];
  /** Network ids that these take the place of. */
  readonly instead: readonly string[];
}

export interface PlanInUse {
  readonly plan_id: number;
  readonly network_ids: readonly string[];
}

export interface UpstreamOptions {
  readonly entryHost: string;
  /** Seals the passwords of the supplier's proxies. */
  readonly ring: SecretRing;
  /** How nodes speak to them. */
  readonly protocol: UpstreamEndpoint['protocol'];
}

export class UpstreamBooks {
  constructor(
    private readonly db: Pick<Database, 'platform'>,
    private readonly clock: Clock,
    private readonly options: UpstreamOptions,
  ) {}

  async find(reference: string): Promise<Command | null> {
    const rows = await this.db.platform.$queryRaw<Command[]>(
      sql`SELECT ${COLUMNS} FROM proxy.upstream_command c WHERE reference = ${reference}`,
    );
    return rows[0] ?? null;
  }

  /**
   * Before the first byte leaves; holds so many entries for it. `other`: another process has begun it, and only that
   * one sends.
   */
  async begin(
    reference: string,
    command: Command['command'],
    { request, entries }: { readonly request: object; readonly entries: number },
  ): Promise<'begun' | 'other' | 'no-entry'> {
    const now = this.clock.now();
    return inTransaction(this.db, async (tx) => {
      const begun = await tx.$executeRaw(sql`
        INSERT INTO proxy.upstream_command (reference, command, request, state, created_at)
        VALUES (${reference}, ${command}, ${JSON.stringify(request)}::jsonb, 'sent', ${now})
        ON CONFLICT (reference) DO NOTHING`);
      if (begun === 0) return 'other';
      if (await holdEntries(tx, reference, entries, now)) return 'begun';
      throw new NoEntry();
    }).catch((err: unknown) => {
      if (err instanceof NoEntry) return 'no-entry';
      throw err;
    });
  }

  /** Only by the process that began it, when surely nothing was done. */
  async forget(reference: string): Promise<void> {
    await inTransaction(this.db, async (tx) => {
      const forgotten = await tx.$executeRaw(sql`
        DELETE FROM proxy.upstream_command WHERE reference = ${reference} AND state = 'sent' AND supplier_id IS NULL`);
      if (forgotten === 1) await freeEntries(tx, reference);
    });
  }

  async noteSupplierId(reference: string, id: number): Promise<void> {
    await this.db.platform.$executeRaw(sql`
      UPDATE proxy.upstream_command SET supplier_id = ${id}::bigint
      WHERE reference = ${reference} AND supplier_id IS NULL`);
  }

  async refuse(reference: string, code: ErrorCode, text: string): Promise<void> {
    await inTransaction(this.db, async (tx) => {
      const refused = await tx.$executeRaw(sql`
        UPDATE proxy.upstream_command SET state = 'refused', refusal_code = ${code}, refusal_text = ${text}
        WHERE reference = ${reference} AND state = 'sent'`);
      if (refused === 1) await freeEntries(tx, reference);
    });
  }

  /** A command that changes nothing at the supplier. */
  async noteExecuted(reference: string, command: Command['command'], request: object, result: object): Promise<void> {
    await this.db.platform.$executeRaw(sql`
      INSERT INTO proxy.upstream_command (reference, command, request, state, result, created_at)
      VALUES (${reference}, ${command}, ${JSON.stringify(request)}::jsonb, 'executed',
        ${JSON.stringify(result)}::jsonb, ${this.clock.now()})
      ON CONFLICT (reference) DO NOTHING`);
  }

  /** The end of a command, its addresses and their entries at once. */
  async conclude(reference: string, brought: Brought): Promise<Command> {
    return inTransaction(this.db, async (tx) => {
      const [row] = await tx.$queryRaw<Command[]>(
        sql`SELECT ${COLUMNS} FROM proxy.upstream_command c WHERE reference = ${reference} FOR UPDATE`,
      );
      if (row === undefined) throw new Error(`nothing was sent for ${reference}`);
      if (row.state !== 'sent') return row;
      const result = { exits: await this.take(tx, reference, brought), startsAt: this.clock.now().toISOString() };
      await tx.$executeRaw(sql`
        UPDATE proxy.upstream_command SET state = 'executed', result = ${JSON.stringify(result)}::jsonb
        WHERE reference = ${reference}`);
      return { ...row, state: 'executed', result };
    });
  }

  /** Those of them that are in use. */
  async exits(networkIds: readonly string[]): Promise<readonly BookedExit[]> {
    return this.db.platform.$queryRaw<BookedExit[]>(sql`
      SELECT network_id, plan_id::int, product_id, country, city, address FROM proxy.upstream_exit
      WHERE network_id = ANY (${[...networkIds]}::text[]) AND is_in_use ORDER BY network_id`);
  }

  /** What the supplier says of them now. The proxy's access has a new version if nodes must learn of it. */
  async noteRead(found: readonly { readonly exit: BookedExit; readonly proxy: ListedProxy }[]): Promise<void> {
    const ids = found.map(({ exit }) => exit.network_id);
    const known = await endpointsOf(this.db.platform, this.options.ring, ids);
    for (const { exit, proxy } of found) {
      const [before, now] = [known.get(exit.network_id), this.endpointOf(proxy)];
      if (before !== undefined && isSame(before, now)) continue;
      await this.write(exit, proxy, now);
    }
    await this.tellMoved(ids);
  }

  /** Plans in use that were not read since, those that wait for the longest time first. */
  async plansNotReadSince(before: Date, limit: number): Promise<readonly PlanInUse[]> {
    return this.db.platform.$queryRaw<PlanInUse[]>(sql`
      SELECT plan_id::int, array_agg(network_id ORDER BY network_id) AS network_ids FROM proxy.upstream_exit
      WHERE is_in_use AND plan_id IN (SELECT plan_id FROM proxy.upstream_exit
        WHERE is_in_use AND (read_at IS NULL OR read_at < ${before}) ORDER BY read_at NULLS FIRST LIMIT ${limit}::int)
      GROUP BY plan_id ORDER BY min(coalesce(read_at, '-infinity')), plan_id`);
  }

  /** It was asked about, whatever came of it. */
  async notePlanAsked(planId: number): Promise<void> {
    await this.db.platform.$executeRaw(sql`
      UPDATE proxy.upstream_exit SET read_at = ${this.clock.now()} WHERE plan_id = ${planId}::bigint AND is_in_use`);
  }

  /** Gives them up. Answers the plans of which nothing is in use any more. */
  async giveUp(networkIds: readonly string[]): Promise<readonly number[]> {
    return inTransaction(this.db, async (tx) => {
      await tx.$executeRaw(sql`
        UPDATE proxy.upstream_exit SET is_in_use = false WHERE network_id = ANY (${[...networkIds]}::text[])`);
      await tx.$executeRaw(sql`
        UPDATE proxy.entry_port SET network_id = NULL, freed_at = ${this.clock.now()}
        WHERE network_id = ANY (${[...networkIds]}::text[])`);
      const rows = await tx.$queryRaw<{ plan_id: number }[]>(sql`
        SELECT plan_id::int FROM proxy.upstream_exit WHERE plan_id IN (SELECT plan_id FROM proxy.upstream_exit
          WHERE network_id = ANY (${[...networkIds]}::text[])) GROUP BY plan_id HAVING NOT bool_or(is_in_use)`);
      return rows.map((row) => row.plan_id);
    });
  }

  private endpointOf({ proxy_address: address, port, username, password }: ListedProxy): UpstreamEndpoint {
    return { address, port, protocol: this.options.protocol, username, password };
  }

  private async write(exit: BookedExit, proxy: ListedProxy, endpoint: UpstreamEndpoint): Promise<void> {
    const { address, port, protocol, username, password } = endpointColumns(
      this.options.ring,
      exit.network_id,
      endpoint,
    );
    await this.db.platform.$executeRaw(sql`
      WITH written AS (
        UPDATE proxy.upstream_exit SET address = ${address}, country = ${proxy.country_code},
          city = ${proxy.city_name}, port = ${port}::int, protocol = ${protocol}, username = ${username},
          password = decode(${password}, 'base64')
        WHERE network_id = ${exit.network_id} AND address = ${exit.address} AND is_in_use RETURNING network_id)
      UPDATE proxy.proxy p SET access_version = access_version + 1 FROM written w
      WHERE p.network_id = w.network_id AND p.state = 'active'`);
  }

  /** Proxies whose address is another one by the books get it, in one statement with the customer's event. */
  private async tellMoved(networkIds: readonly string[]): Promise<void> {
    const now = this.clock.now();
    const events = networkIds.map((id) => ({ id, event: newId('evt', now.getTime()) }));
    await this.db.platform.$queryRaw(sql`
      WITH due AS MATERIALIZED (
        SELECT p.id, p.exit_ip AS old_ip, e.address::inet AS address, e.country, e.city, x.event
        FROM jsonb_to_recordset(${JSON.stringify(events)}::jsonb) AS x(id text, event text)
        JOIN proxy.upstream_exit e ON e.network_id = x.id JOIN proxy.proxy p ON p.network_id = e.network_id
        WHERE p.state = 'active' AND p.network = 'upstream' AND p.exit_ip <> e.address::inet
        ORDER BY p.id FOR NO KEY UPDATE OF p),
      written AS (UPDATE proxy.proxy p SET exit_ip = d.address, country = d.country, city = d.city, rotated_at = ${now},
        subnet = network(set_masklen(d.address, CASE family(d.address) WHEN 4 THEN 24 ELSE 64 END))::inet,
        access_version = p.access_version + 1, updated_at = ${now}
        FROM due d WHERE p.id = d.id RETURNING p.id, p.account_id, d.old_ip, p.exit_ip, p.subnet, d.event)
      SELECT platform.emit_events(w.account_id, 'proxy', jsonb_build_array(jsonb_build_object('id', w.event,
        'type', 'proxy.rotated', 'subject', w.id, 'data', jsonb_build_object('proxy_id', w.id,
          'old_ip', host(w.old_ip), 'new_ip', host(w.exit_ip), 'subnet', w.subnet::text, 'changed', true))))::text
        AS told FROM written w`);
  }

  private async take(tx: Tx, reference: string, { planId, productId, proxies, instead }: Brought): Promise<Exit[]> {
    const ids = proxies.map((proxy) => `ups-${String(planId)}-${proxy.id}`);
    const portOf = await takeEntries(tx, reference, ids, this.clock.now());
    const exits = proxies.map((proxy, i): Exit => {
      const networkId = ids[i] ?? '';
      const port = portOf.get(networkId);
      if (port === undefined) throw new Error('there are too few entries for what the supplier delivered');
      return {
        networkId,
        ...withSubnet(proxy.proxy_address),
        country: proxy.country_code,
        city: proxy.city_name,
        asn: 0,
        host: this.options.entryHost,
        port,
        portSocks: port,
      };
    });
    await tx.$executeRaw(sql`
      UPDATE proxy.upstream_exit SET is_in_use = false WHERE network_id = ANY (${[...instead]}::text[])`);
    const rows = proxies.map((proxy, i) => ({
      id: ids[i] ?? '',
      country: proxy.country_code,
      city: proxy.city_name,
      ...endpointColumns(this.options.ring, ids[i] ?? '', this.endpointOf(proxy)),
    }));
    await tx.$executeRaw(sql`
      INSERT INTO proxy.upstream_exit
        (network_id, reference, plan_id, product_id, country, city, address, port, protocol, username, password,
          read_at)
      SELECT x.id, ${reference}, ${planId}::bigint, ${productId}, x.country, x.city, x.address, x.port, x.protocol,
        x.username, decode(x.password, 'base64'), ${this.clock.now()}
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(id text, country text, city text, address text,
        port int, protocol text, username text, password text)`);
    return exits;
  }
}

class NoEntry extends Error {}

const COLUMNS = sql`c.reference, c.command, c.request, c.state, c.supplier_id::int, c.result, c.refusal_code,
  c.refusal_text`;

function isSame(one: UpstreamEndpoint, other: UpstreamEndpoint): boolean {
  return (
    one.address === other.address &&
    one.port === other.port &&
    one.protocol === other.protocol &&
    one.username === other.username &&
    one.password === other.password
  );
}
