// Where nodes pass the traffic of a supplier's proxies on to. Passwords are sealed here, and go to nodes alone.
import { sql, type SqlRunner } from '@lumi/shared/db';
import { openSecret, sealSecret } from '@lumi/shared/keys';
import type { SecretRing } from '@lumi/shared/runtime';
import type { UpstreamEndpoint } from '../node/upstream-handshake';

interface Row {
  readonly network_id: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: UpstreamEndpoint['protocol'];
  readonly username: string;
  readonly password: Uint8Array;
}

/** By network id. Proxies that are no supplier's have none. */
export async function endpointsOf(
  db: SqlRunner,
  ring: SecretRing,
  networkIds: readonly string[],
): Promise<ReadonlyMap<string, UpstreamEndpoint>> {
  // Raw SQL: one array, asked for each page of the access feed.
  const rows = await db.$queryRaw<Row[]>(sql`
    SELECT network_id, address, port, protocol, username, password FROM proxy.upstream_exit
    WHERE network_id = ANY (${[...networkIds]}::text[]) AND password IS NOT NULL`);
  return new Map(
    rows.map(({ network_id: id, password, ...place }) => [id, { ...place, password: openSecret(ring, id, password) }]),
  );
}

/** Columns of `upstream_exit` in JSON; `password` in base64. */
export function endpointColumns(ring: SecretRing, networkId: string, { password, ...place }: UpstreamEndpoint) {
  return { ...place, password: sealSecret(ring, networkId, password).toString('base64') };
}
