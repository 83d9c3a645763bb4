// What a node reports and nothing is billed by. It is kept as far as it can be: whatever is wrong with it, the exchange
// that brought it is answered.
import { noteConnections } from '../store/connections';
import type { NodeDeps } from './deps';
import { connectionReport } from './protocol';

const CONNECTIONS_MAX = 1_000;

export async function takeReports(
  { service }: Pick<NodeDeps, 'service'>,
  node: string,
  reported: { readonly connections: readonly unknown[] },
  now: Date,
): Promise<void> {
  const connections = reported.connections.slice(0, CONNECTIONS_MAX).flatMap((one) => {
    const { success, data } = connectionReport.safeParse(one);
    return success ? [data] : [];
  });
  try {
    await noteConnections(service.db.platform, node, connections, now);
  } catch (err) {
    service.log.warn('reports of a node could not be kept', { node, err });
  }
}
