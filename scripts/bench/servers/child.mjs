// What every measured server does as a child of the bench: it takes settings from its environment, tells its port, and
// ends with the bench.

/**
 * @param {string} name
 * @returns {string}
 */
export function setting(name) {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/**
 * @param {import('node:http').IncomingMessage} req
 * @returns {import('undici').Dispatcher.HttpMethod}
 */
export function methodOf({ method }) {
  return method === 'POST' ? 'POST' : 'GET';
}

/** @param {import('node:net').Server | number} server one that listens, or its port */
export function ready(server) {
  const address = typeof server === 'number' ? { port: server } : server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen on a port');
  process.send?.({ type: 'ready', port: address.port });
  process.on('SIGTERM', () => process.exit(0));
  process.on('disconnect', () => process.exit(0));
}
