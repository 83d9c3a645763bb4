// The gateway's process: config → wiring → listen → drain on SIGTERM.
import { createLog, createShutdown, reportReady, settingsThere, systemClock } from '@lumi/shared/runtime';
import { noteSpans, openMonitoring, serveUntilStop } from '@lumi/shared/monitoring';
import { startTracing } from '@lumi/shared/tracing';
import { createApp } from './app';
import { readGatewayConfig } from './config';
import { createListener } from './listener';
import { wire } from './wiring';

async function main(): Promise<void> {
  await settingsThere();
  const config = readGatewayConfig();
  const log = createLog({ level: config.LOG_LEVEL, process: 'gateway' });
  const shutdown = createShutdown(log);
  const writesAccessLines = config.LOG_LEVEL === 'info' || config.LOG_LEVEL === 'debug';
  const wiring = wire({
    config,
    clock: systemClock,
    log,
    accessStream: writesAccessLines ? process.stdout : null,
    onRefusal: (sentence) => {
      log.error(sentence);
      void shutdown.stop('platform schema', 1);
    },
  });
  const monitored = { name: 'gateway', config, log, shutdown, readiness: wiring.readiness };
  await openMonitoring(monitored);
  startTracing({ ...monitored, config, onSpans: noteSpans });
  shutdown.onStop('parts', () => wiring.stop());
  const listener = createListener(createApp(wiring), wiring);
  shutdown.onDrain('listener', (limitMs) => listener.drain(limitMs));
  await wiring.start();
  const port = await listener.listen(config.HOST, config.PORT);
  serveUntilStop(monitored, () => listener.leave());
  log.info('listening', { host: config.HOST, port });
  reportReady(port);
}

main().catch((err: unknown) => {
  process.stderr.write(`The gateway could not start: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
});
