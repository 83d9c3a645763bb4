export {
  buildApp, openService, runWorker, serveHttp, serviceConfig, startLoop,
  type ApiDescription, type Loop, type Service, type ServiceConfig, type ServiceOptions,
} from '../frame';
export { SHARED_TAGS, sharedParts, type SharedParts } from './shared-parts';
