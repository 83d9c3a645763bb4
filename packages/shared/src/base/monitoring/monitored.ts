// A process under watch: its port for monitoring from the start to the end, and its readiness, which ends first.
import { setTimeout } from 'node:timers/promises';
import type { Log, Shutdown } from '../../ground/runtime';
import { gauge } from './meters';
import { openMonitoringPort } from './port';
import { showProcess } from './process-metrics';
import type { Readiness } from './readiness';

export interface MonitoredProcess {
  /** `gateway`, `domains`, `domains-worker`, … */
  readonly name: string;
  readonly config: {
    readonly HOST: string;
    readonly METRICS_PORT: number | null;
    readonly METRICS_HOST?: string | undefined;
    readonly STOP_DELAY_MS: number;
    readonly LUMI_VERSION: string;
    readonly LUMI_COMMIT: string;
  };
  readonly readiness: Readiness;
  readonly log: Log;
  readonly shutdown: Shutdown;
}

const ready = gauge('lumi_ready', 'Whether /readyz says that this process can do its work: 1 or 0.', []);
const dependencies = gauge('lumi_dependency_up', 'Whether a dependency of this process answers: 1 or 0.', [
  'dependency',
]);

/** Call it before all else that stops, so that a process that stops can be watched to its end. */
export async function openMonitoring({ name, config, readiness, log, shutdown }: MonitoredProcess): Promise<void> {
  if (config.METRICS_PORT === null) return;
  ready.watch(async () => [[{}, (await readiness.answer()).status === 200 ? 1 : 0]]);
  dependencies.watch(async () =>
    (await readiness.states()).map(([dependency, isThere]) => [{ dependency }, isThere ? 1 : 0]),
  );
  showProcess({ process: name, version: config.LUMI_VERSION, commit: config.LUMI_COMMIT });
  const host = config.METRICS_HOST ?? config.HOST;
  const opened = await openMonitoringPort({ host, port: config.METRICS_PORT, readiness });
  shutdown.onStop('monitoring', () => opened.stop());
  log.info('metrics and probes are served', { host, port: opened.port });
}

/**
 * Call it when all is served: from now on the process is ready. A stop begins with its readiness; `leave` is called
 * then.
 */
export function serveUntilStop({ config, readiness, shutdown }: MonitoredProcess, leave?: () => void): void {
  readiness.started();
  shutdown.onDrain('readiness', async () => {
    readiness.stop();
    leave?.();
    if (config.STOP_DELAY_MS > 0) await setTimeout(config.STOP_DELAY_MS);
  });
}
