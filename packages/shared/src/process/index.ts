export { serviceConfig, type ServiceConfig } from './config';
export { buildApp, openService, serveHttp, type ApiDescription, type Service, type ServiceOptions } from './service';
export { runWorker, startLoop, startWork, type Loop, type Work } from './worker';
