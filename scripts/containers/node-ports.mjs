// Free ports of this machine for the entries of a node, as settings of docker-compose.yml. Nodes of other installations
// on this machine may have the usual ones.
import { createServer } from 'node:net';
import { freePort } from '../postgres.mjs';

const ENTRIES = 10;
const FIRST = 12_000;
const LAST = 18_000;

export async function portsOfNode() {
  return {
    PROXY_NODE_HTTP_PORT: await freePort(),
    PROXY_NODE_SOCKS_PORT: await freePort(),
    PROXY_NODE_PORTS: await freeRange(),
  };
}

/** Below the ports that systems give out by themselves. */
async function freeRange() {
  for (let first = FIRST; first < LAST; first += ENTRIES) {
    const ports = Array.from({ length: ENTRIES }, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return `${first}-${first + ENTRIES - 1}`;
  }
  throw new Error(`no ${ENTRIES} ports in a row are free on this machine between ${FIRST} and ${LAST}`);
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
