// The HTTP process of the proxy service: config → wiring → listen → drain.
import { settingsThere } from '@lumi/shared/runtime';
import { openService, serveHttp } from '@lumi/shared/service';
import { loadConfig } from './config';
import { api, endpoints, wire } from './wiring';

async function main(): Promise<void> {
  await settingsThere();
  const config = loadConfig();
  const service = openService({ product: 'proxy', config, processName: 'proxy' });
  await serveHttp(service, endpoints(wire(service, config)), api);
}

main().catch((err: unknown) => {
  process.stderr.write(`The proxy service could not start: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
});
