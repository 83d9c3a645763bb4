// The HTTP process of hosting: config → wiring → listen → drain.
import { settingsThere } from '@lumi/shared/runtime';
import { openService, serveHttp } from '@lumi/shared/service';
import { readVpsConfig } from './config';
import { api, endpoints, wire } from './wiring';

async function main(): Promise<void> {
  await settingsThere();
  const config = readVpsConfig();
  const service = openService({ product: 'vps', config: config.service, processName: 'vps' });
  await serveHttp(service, endpoints(wire(service, config.hosting)), api);
}

main().catch((err: unknown) => {
  process.stderr.write(`The hosting service could not start: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
});
