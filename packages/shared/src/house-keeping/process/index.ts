export { isRealCryptoPay, serviceConfig, serviceContradictions, type ServiceConfig } from './config';
export { buildApp, openService, type ApiDescription, type Service, type ServiceOptions } from './service';
export { runServer, runWorker, type Wiring } from './run';
export { startLoop, startWork, type Loop, type Work } from './worker';
