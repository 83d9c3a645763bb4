// The HTTP process: config → wiring → mount → listen → drain on SIGTERM.
import { serveHttp } from '@lumi/shared/service';
import { loadConfig } from './config';
import { API, endpoints } from './endpoints';
import { wire } from './wiring';

async function main(): Promise<void> {
  const deps = wire({ config: loadConfig(), processName: 'proxy' });
  await serveHttp(deps, endpoints(deps), API);
}

main().catch((err: unknown) => {
  process.stderr.write(`The proxy service could not start: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
});
