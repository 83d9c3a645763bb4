// The background process of the proxy service: config → wiring → loops → drain.
import { openService, runWorker } from '@lumi/shared/service';
import { loadConfig } from './config';
import { jobs, loops, wire } from './wiring';

const config = loadConfig();
const service = openService({ product: 'proxy', config, processName: 'proxy-worker' });
const deps = wire(service, config);
runWorker(service, loops(deps), jobs(deps));
