export {
  buildApp,
  openService,
  runServer,
  runWorker,
  serviceConfig,
  serviceContradictions,
  startLoop,
  startWork,
  type ApiDescription,
  type Loop,
  type Service,
  type ServiceConfig,
  type ServiceOptions,
  type Wiring,
  type Work,
} from '../process';
export { describeApi, sharedParts, type SharedParts } from './shared-parts';
