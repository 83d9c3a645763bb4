// What a node reports and nothing is billed by. It is kept as far as it can be: whatever is wrong with it, the exchange
// that brought it is answered.
import type { z } from 'zod';
import { noteSigns } from '../store/abuse-signs';
import { noteConnections } from '../store/connections';
import type { NodeDeps } from './deps';
import { connectionReport, signReport } from './protocol';

const CONNECTIONS_MAX = 1_000;
const SIGNS_MAX = 100;

export async function takeReports(
  { service: { db, log } }: Pick<NodeDeps, 'service'>,
  node: string,
  reported: { readonly connections: readonly unknown[]; readonly signs: readonly unknown[] },
  now: Date,
): Promise<void> {
  const connections = readable(reported.connections, connectionReport, CONNECTIONS_MAX);
  const signs = readable(reported.signs, signReport, SIGNS_MAX);
  try {
    await noteConnections(db.platform, node, connections, now);
    for (const { sign, who, account_id: account } of await noteSigns(db.platform, node, signs, now))
      log.warn('a sign of abuse; GET /admin/abuse-signs has all', { sign, who, account, node, alert: true });
  } catch (err) {
    log.warn('reports of a node could not be kept', { node, err });
  }
}

function readable<S extends z.ZodType>(reports: readonly unknown[], schema: S, most: number): z.output<S>[] {
  return reports.slice(0, most).flatMap((one) => {
    const { success, data } = schema.safeParse(one);
    return success ? [data] : [];
  });
}
