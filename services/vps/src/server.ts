// The HTTP process of hosting: config → wiring → listen → drain.
import { openService, serveHttp } from '@lumi/shared/service';
import { readVpsConfig } from './config';
import { api, endpoints, wire } from './wiring';

async function main(): Promise<void> {
  const config = readVpsConfig();
  const service = openService({ product: 'vps', config: config.service, processName: 'vps' });
  await serveHttp(service, endpoints(wire(service, config.hosting)), api);
}

main().catch((err: unknown) => {
  process.stderr.write(`The hosting service could not start: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
});
