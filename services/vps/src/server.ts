// The HTTP process of hosting: config → wiring → listen → drain.
import { runServer } from '@lumi/shared/service';
import { readVpsConfig } from './config';
import * as wiring from './wiring';

runServer('vps', readVpsConfig, wiring);
