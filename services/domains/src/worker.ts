// The background process of domains: config → wiring → loops → drain.
import { openService, runWorker } from '@lumi/shared/service';
import { readDomainsConfig } from './config';
import { jobs, loops, wire } from './wiring';

const config = readDomainsConfig();
const service = openService({ product: 'domains', config, processName: 'domains-worker' });
const domains = wire(service, config);
runWorker(service, loops(domains), jobs(domains));
