// Entries for what was ordered of the supplier and has not come yet. They are held from before its first byte leaves,
// so that what is delivered can be reached.
// Raw SQL: inside the transaction of the command, on rows that it locks.
import { sql, type Tx } from '@lumi/shared/db';

const HELD = 'ups-held-';

/** False: there are not so many. Undo the transaction then. */
export async function holdEntries(tx: Tx, reference: string, count: number, now: Date): Promise<boolean> {
  const ids = Array.from({ length: count }, (_, i) => `${prefixOf(reference)}${String(i)}`);
  return (await takeFree(tx, ids, now)).size === count;
}

/** Those that were held for the command, and free ones if they are too few. What is left over is free at once. */
export async function takeEntries(
  tx: Tx,
  reference: string,
  networkIds: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, number>> {
  const held = await tx.$queryRaw<PortRow[]>(sql`
    WITH held AS (SELECT port, row_number() OVER (ORDER BY port) AS place FROM proxy.entry_port
      WHERE starts_with(network_id, ${prefixOf(reference)}))
    UPDATE proxy.entry_port e SET network_id = t.id FROM held h
      JOIN unnest(${[...networkIds]}::text[]) WITH ORDINALITY AS t(id, place) ON t.place = h.place
    WHERE e.port = h.port RETURNING e.network_id, e.port`);
  await freeEntries(tx, reference);
  const ports = portsById(held);
  const missing = networkIds.filter((id) => !ports.has(id));
  return missing.length === 0 ? ports : new Map([...ports, ...(await takeFree(tx, missing, now))]);
}

/** They were never a proxy's, so they need no rest. */
export async function freeEntries(tx: Pick<Tx, '$executeRaw'>, reference: string): Promise<void> {
  await tx.$executeRaw(sql`
    UPDATE proxy.entry_port SET network_id = NULL, freed_at = '-infinity'
    WHERE starts_with(network_id, ${prefixOf(reference)})`);
}

/** Of orders that an operator has ended, so that nothing asks the supplier any more. */
export async function freeForgottenEntries(db: Pick<Tx, '$executeRaw'>): Promise<void> {
  await db.$executeRaw(sql`
    UPDATE proxy.entry_port e SET network_id = NULL, freed_at = '-infinity'
    FROM platform.orders o WHERE starts_with(e.network_id, ${HELD}) AND o.product = 'proxy'
      AND o.id = regexp_replace(e.network_id, '^ups-held-(.*)-[0-9]+$', '\\1')
      AND o.state IN ('captured', 'released')`);
}

interface PortRow {
  readonly network_id: string;
  readonly port: number;
}

function prefixOf(reference: string): string {
  return `${HELD}${reference}-`;
}

async function takeFree(tx: Tx, ids: readonly string[], now: Date): Promise<ReadonlyMap<string, number>> {
  return portsById(
    await tx.$queryRaw<PortRow[]>(sql`SELECT * FROM proxy.take_ports(${[...ids]}::text[], ${now}::timestamptz)`),
  );
}

function portsById(rows: readonly PortRow[]): Map<string, number> {
  return new Map(rows.map(({ network_id: id, port }) => [id, port]));
}
