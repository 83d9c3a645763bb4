// A process of a node begins: its epoch, its key, its ports. What was sold before gets entries on them.
import type { InternalReply, InternalRequest } from '@lumi/shared/endpoint';
import { findProduct } from '../catalogue/products';
import { placeEntries } from '../store/entries';
import { nodeAddresses, registerNode } from '../store/nodes';
import { nodeOf } from './authenticate';
import type { RegisteredAnswer } from '../node/control/wire';
import type { NodeDeps } from './deps';
import { nodeKey } from './node-token';
import { registerBody } from './protocol';
import { readBody } from './read-body';

const PRODUCTS_TOLD = 5;

export async function register(deps: NodeDeps, request: InternalRequest): Promise<InternalReply> {
  const node = await nodeOf(deps, request);
  if ('status' in node) return node;
  const { version, entry_host, ports, exits, allowed } = await readBody(request, registerBody);
  const { db, clock, config, log } = deps.service;
  const now = clock.now();
  const keyVersion = config.SECRET_RING.current;
  const key = nodeKey(config.SECRET_RING, keyVersion, node.id);
  if (key === null) throw new Error('the secret ring has no current key');
  const { epoch, elsewhere, gone } = await registerNode(
    db,
    node.id,
    { version, address: request.peer, entry_host, ports, exits, allowed, keyVersion },
    now,
  );
  log.info('a node has registered', { node: node.id, epoch, version });
  const unknown = [...new Set(exits.map(({ product }) => product))].filter((id) => findProduct(id) === null);
  if (unknown.length > 0)
    log.warn('a node brings addresses of products that do not exist; they are not sold', {
      node: node.id,
      products: unknown.slice(0, PRODUCTS_TOLD),
    });
  if (elsewhere > 0)
    log.warn('addresses of a node are in use at another one, which keeps them', { node: node.id, elsewhere });
  if (gone > 0)
    log.error('a node no longer brings addresses that were sold', { node: node.id, proxies: gone, alert: true });
  await placeEntries(db.platform, deps.entryHost, now);
  const answer: RegisteredAnswer = {
    epoch,
    key: key.toString('base64'),
    now: clock.now().toISOString(),
    nodes: await nodeAddresses(deps.db),
  };
  return { status: 200, body: answer };
}
