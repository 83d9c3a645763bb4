// Finds a server by id, or throws 404. Unknown ids and ids of other accounts get the same answer.
import { notFound } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import { asOf } from '../servers/as-of';
import { findServer, type Server } from '../store/servers';
import type { VpsDeps } from '../deps';

export async function requireServer(vps: VpsDeps, reach: Reach, id: string): Promise<Server> {
  const server = await findServer(vps.service.db.platform, reach, id);
  if (server === null) throw notFound();
  return asOf(vps, server);
}
