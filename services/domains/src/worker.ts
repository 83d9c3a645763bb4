// The background process of domains: config → wiring → loops → drain.
import { openService, runWorker } from '@lumi/shared/service';
import { readDomainsConfig } from './config';
import { loops, wire } from './wiring';

const config = readDomainsConfig();
const service = openService({ product: 'domains', config, processName: 'domains-worker' });
runWorker(service, loops(wire(service, config)));
