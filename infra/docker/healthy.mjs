// The health check of a container, of workers too: ends with 0 when its process answers on METRICS_PORT. With `readyz`
// as argument it must also be able to do its work. A file, because some engines split a command at its spaces.
import { get } from 'node:http';

const [, , path = 'healthz'] = process.argv;
const end = (/** @type {boolean} */ isHealthy) => process.exit(isHealthy ? 0 : 1);
get({ host: '127.0.0.1', port: process.env.METRICS_PORT, path: `/${path}`, timeout: 3_000 }, (answer) =>
  end(answer.statusCode === 200),
)
  .on('timeout', () => end(false))
  .on('error', () => end(false));
