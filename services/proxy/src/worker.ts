// The background process of the proxy service: config → wiring → loops → drain.
import { openService, runWorker } from '@lumi/shared/service';
import { loadConfig } from './config';
import { jobs, loops, wire } from './wiring';

const service = openService({ product: 'proxy', config: loadConfig(), processName: 'proxy-worker' });
const deps = wire(service);
runWorker(service, loops(deps), jobs(deps));
