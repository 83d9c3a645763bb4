export { countItems } from './count-items';
export { hostName } from './host-name';
export {
  JSON_TYPE,
  errorBody,
  errorCodeIn,
  errorHeaders,
  errorStage,
  itemError,
  rawErrorResponse,
  sendError,
  toAppError,
  type ErrorBody,
} from './errors';
export { endOfString } from './json-string';
export { requestGuard } from './request-guard';
export { createHttpServer, type HttpServer, type ParserRefusal, type ServerOptions } from './server';
