export {
  buildApp,
  openService,
  runWorker,
  serveHttp,
  serviceConfig,
  startLoop,
  startWork,
  type ApiDescription,
  type Loop,
  type Service,
  type ServiceConfig,
  type ServiceOptions,
  type Work,
} from '../process';
export { SHARED_TAGS, sharedParts, type SharedParts } from './shared-parts';
