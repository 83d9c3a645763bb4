// The HTTP process of domains: config → wiring → listen → drain.
import { settingsThere } from '@lumi/shared/runtime';
import { openService, serveHttp } from '@lumi/shared/service';
import { readDomainsConfig } from './config';
import { api, endpoints, wire } from './wiring';

async function main(): Promise<void> {
  await settingsThere();
  const config = readDomainsConfig();
  const service = openService({ product: 'domains', config, processName: 'domains' });
  await serveHttp(service, endpoints(wire(service, config)), api);
}

main().catch((err: unknown) => {
  process.stderr.write(`The domains service could not start: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
});
