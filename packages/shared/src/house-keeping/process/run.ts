// The two processes of a product. They differ between products only in the parts that wiring.ts builds.
import type { Product } from '../../ground/contract';
import type { Endpoint } from '../../counter/endpoint';
import { createHttpServer } from '../../base/http';
import type { JobDefinition } from '../../work/jobs';
import { knowsPlatform } from '../../base/platform-schema';
import { createShutdown, reportReady, settingsThere, type Shutdown } from '../../ground/runtime';
import type { ServiceConfig } from './config';
import { buildApp, openService, type ApiDescription, type Service } from './service';
import { startWork, type Loop } from './worker';

/** The exports of a product's wiring.ts. */
export interface Wiring<C, D> {
  readonly api: ApiDescription;
  wire(service: Service, config: C): D;
  endpoints(deps: D): readonly Endpoint[];
  loops(deps: D): readonly Loop[];
}

interface WithJobs {
  readonly shared: { readonly jobs: readonly JobDefinition[] };
}

/** Listens, tells the launcher, drains on SIGTERM. A start that fails says why and ends the process. */
export function runServer<C extends ServiceConfig, D>(
  product: Product,
  readConfig: () => C,
  { api, wire, endpoints }: Wiring<NoInfer<C>, D>,
): void {
  const serve = async (): Promise<void> => {
    await settingsThere();
    const config = readConfig();
    const service = openService({ product, config, processName: product });
    const app = buildApp(service, endpoints(wire(service, config)), api);
    const shutdown = createShutdown(service.log);
    shutdown.onStop('service', () => service.close());
    await mustKnowPlatform(service, `the ${product} service`, shutdown);
    const http = createHttpServer(app, { clock: service.clock });
    const port = await http.listen(config.HOST, config.PORT);
    shutdown.onStop('http', () => http.drain());
    service.log.info('listening', { port });
    reportReady(port);
  };
  serve().catch((err: unknown) => {
    process.stderr.write(
      `The ${product} service could not start: ${err instanceof Error ? err.message : String(err)}\n`,
    );
    process.exit(1);
  });
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
    const deps = wire(service, config);
    const shutdown = createShutdown(service.log);
    shutdown.onStop('service', () => service.close());
    await mustKnowPlatform(service, `the ${product} worker`, shutdown);
    const running = startWork(service, loops(deps), deps.shared.jobs);
    shutdown.onStop('work', () => running.stop());
    reportReady();
  };
  work().catch((err: unknown) => {
    process.stderr.write(
      `The ${product} worker could not start: ${err instanceof Error ? err.message : String(err)}\n`,
    );
    process.exit(1);
  });
}

async function mustKnowPlatform({ db, log }: Service, who: string, shutdown: Shutdown): Promise<void> {
  const stopAsking = await knowsPlatform({
    db: db.pool,
    who,
    log,
    onRefusal: (sentence) => {
      log.error(sentence);
      void shutdown.stop('platform schema', 1);
    },
  });
  shutdown.onStop('platform schema', stopAsking);
}
