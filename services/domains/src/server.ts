// The HTTP process of domains: config → wiring → listen → drain.
import { runServer } from '@lumi/shared/service';
import { readDomainsConfig } from './config';
import * as wiring from './wiring';

runServer('domains', readDomainsConfig, wiring);
