// The background process of the proxy service: config → wiring → loops → drain.
import { runWorker } from '@lumi/shared/service';
import { readProxyConfig } from './config';
import * as wiring from './wiring';

runWorker('proxy', readProxyConfig, wiring);
