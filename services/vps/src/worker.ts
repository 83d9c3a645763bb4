// The background process of hosting: config → wiring → loops → drain.
import { runWorker } from '@lumi/shared/service';
import { readVpsConfig } from './config';
import * as wiring from './wiring';

runWorker('vps', readVpsConfig, wiring);
