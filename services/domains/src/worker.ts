// The background process of domains: config → wiring → loops → drain.
import { runWorker } from '@lumi/shared/service';
import { readDomainsConfig } from './config';
import * as wiring from './wiring';

runWorker('domains', readDomainsConfig, wiring);
