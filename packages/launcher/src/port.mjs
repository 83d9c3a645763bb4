// TCP ports on this machine: a free one, and whether the gateway's own is free.
import { createServer } from 'node:net';
import { codeOf } from '../../../scripts/errors.mjs';
import { Refusal } from './refusal.mjs';

/**
 * Returns the port the gateway will use, or refuses in one sentence.
 *
 * @param {{ readonly host: string; readonly port: number }} wished
 */
export async function gatewayPort({ host, port }) {
  try {
    return await bindOnce(host, port);
  } catch (err) {
    const code = codeOf(err);
    if (code === 'EADDRINUSE') throw portInUse(port);
    if (code === 'EACCES')
      throw new Refusal(
        `This user may not listen on port ${port}; choose one above 1023, for example: PORT=8080 npm start`,
      );
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new Refusal(`HOST=${host} is not an address of this machine.`);
    throw err;
  }
}

/** @param {number} port */
export function portInUse(port) {
  return new Refusal(
    `Port ${port} is already in use; choose another one, for example: ` +
      `PORT=${port + 1 > 65_535 ? port - 1 : port + 1} npm start`,
  );
}

export function freePort(host = '127.0.0.1') {
  return bindOnce(host, 0);
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<number>} the port it got
 */
function bindOnce(host, port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : port));
    });
  });
}
