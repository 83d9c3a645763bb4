// The background process of hosting: config → wiring → loops → drain.
import { openService, runWorker } from '@lumi/shared/service';
import { readVpsConfig } from './config';
import { loops, wire } from './wiring';

const service = openService({ product: 'vps', config: readVpsConfig(), processName: 'vps-worker' });
runWorker(service, loops(wire(service)));
