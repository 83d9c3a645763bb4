// Runs the double as a process: settings, start, ready message, clean stop on SIGTERM or when the parent goes away.

import { readConfig } from './config';
import { createDouble } from './double';

async function main(): Promise<void> {
  const config = readConfig();
  if ('faults' in config) {
    process.stderr.write(`crypto-pay-double cannot start:\n${config.faults.map((fault) => `  ${fault}\n`).join('')}`);
    process.exit(1);
  }
  const double = await createDouble({
    host: config.host,
    port: config.port,
    dataDir: config.dataDir,
    token: config.token,
    ...(config.webhookUrl !== undefined && { webhookUrl: config.webhookUrl }),
    ...(config.publicUrl !== undefined && { publicUrl: config.publicUrl }),
  });
  process.stdout.write(`crypto-pay-double listens on ${double.url}\n`);

  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    double.stop().then(
      () => process.exit(0),
      (err: unknown) => fail(err),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', stop);
  process.send?.({ type: 'ready', port: double.port });
}

function fail(err: unknown): void {
  process.stderr.write(`crypto-pay-double: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
}

main().catch(fail);
