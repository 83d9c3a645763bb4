// The background process of hosting: config → wiring → loops → drain.
import { openService, runWorker } from '@lumi/shared/service';
import { readVpsConfig } from './config';
import { jobs, loops, wire } from './wiring';

const config = readVpsConfig();
const service = openService({ product: 'vps', config: config.service, processName: 'vps-worker' });
const vps = wire(service, config.hosting);
runWorker(service, loops(vps), jobs(vps));
