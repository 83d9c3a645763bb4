// The HTTP process of the proxy service: config → wiring → listen → drain.
import { runServer } from '@lumi/shared/service';
import { readProxyConfig } from './config';
import * as wiring from './wiring';

runServer('proxy', readProxyConfig, wiring);
