// The two processes of a product. They differ between products only in the parts that wiring.ts builds.
import type { Product } from '../../ground/contract';
import type { Endpoint, InternalRoute } from '../../counter/endpoint';
import { createHttpServer } from '../../base/http';
import type { JobDefinition } from '../../work/jobs';
import { knowsPlatform } from '../../base/platform-schema';
import { startTracing } from '../../base/tracing';
import { noteSpans, openMonitoring, serveUntilStop, type MonitoredProcess } from '../../base/monitoring';
import { createShutdown, reportReady, settingsThere, type Shutdown } from '../../ground/runtime';
import type { ServiceConfig } from './config';
import { refusalOfOwnSchema } from './own-schema';
import { buildApp, openService, type ApiDescription, type Service } from './service';
import { startWork, type Loop } from './worker';
import { watchWork } from './work-gauges';

/** The exports of a product's wiring.ts. */
export interface Wiring<C, D> {
  readonly api: ApiDescription;
  wire(service: Service, config: C): D;
  endpoints(deps: D): readonly Endpoint[];
  /** Routes for other processes of the deployment. */
  internal?(deps: D): readonly InternalRoute[];
  loops(deps: D): readonly Loop[];
}

interface WithJobs {
  readonly shared: { readonly jobs: readonly JobDefinition[] };
}

/** Listens, tells the launcher, drains on SIGTERM. A start that fails says why and ends the process. */
export function runServer<C extends ServiceConfig, D>(
  product: Product,
  readConfig: () => C,
  { api, wire, endpoints, internal }: Wiring<NoInfer<C>, D>,
): void {
  const serve = async (): Promise<void> => {
    await settingsThere();
    const config = readConfig();
    const service = openService({ product, config, processName: product });
    const shutdown = createShutdown(service.log);
    const monitored = monitoredAs(product, service, shutdown);
    await openMonitoring(monitored);
    startTracing({ ...monitored, config, onSpans: noteSpans });
    shutdown.onStop('gauges', watchWork(service));
    const deps = wire(service, config);
    const app = buildApp(service, endpoints(deps), api, internal?.(deps));
    shutdown.onStop('service', () => service.close());
    await mustKnowSchemas(service, `the ${product} service`, shutdown);
    await service.connected();
    const http = createHttpServer(app, { clock: service.clock });
    const port = await http.listen(config.HOST, config.PORT);
    shutdown.onDrain('http', (limitMs) => http.drain(limitMs));
    serveUntilStop(monitored, () => http.leave());
    service.log.info('listening', { port });
    reportReady(port);
  };
  serve().catch((err: unknown) => fail(`${product} service`, err));
}

/**
 * Runs loops and jobs until the process stops; rounds and steps in progress are finished first, all within one limit.
 */
export function runWorker<C extends ServiceConfig, D extends WithJobs>(
  product: Product,
  readConfig: () => C,
  { wire, loops }: Wiring<NoInfer<C>, D>,
): void {
  const work = async (): Promise<void> => {
    const config = readConfig();
    const service = openService({ product, config, processName: `${product}-worker` });
    const shutdown = createShutdown(service.log);
    const monitored = monitoredAs(`${product}-worker`, service, shutdown);
    await openMonitoring(monitored);
    startTracing({ ...monitored, config, onSpans: noteSpans });
    const deps = wire(service, config);
    shutdown.onStop('service', () => service.close());
    await mustKnowSchemas(service, `the ${product} worker`, shutdown);
    const started = startWork(service, loops(deps), deps.shared.jobs);
    shutdown.onDrain('work', () => started.stop());
    service.readiness.needs(...started.needs);
    serveUntilStop(monitored);
    reportReady();
  };
  work().catch((err: unknown) => fail(`${product} worker`, err));
}

async function mustKnowSchemas({ product, db, admin, log }: Service, who: string, shutdown: Shutdown): Promise<void> {
  const stopAsking = await knowsPlatform({
    db: db.pool,
    who,
    log,
    also: () => refusalOfOwnSchema(product, admin.pool),
    onRefusal: (sentence) => {
      log.error(sentence);
      void shutdown.stop('schema', 1);
    },
  });
  shutdown.onStop('schema', stopAsking);
}

function monitoredAs(name: string, { config, log, readiness }: Service, shutdown: Shutdown): MonitoredProcess {
  return { name, config, log, readiness, shutdown };
}

function fail(name: string, err: unknown): never {
  process.stderr.write(`The ${name} could not start: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
}
