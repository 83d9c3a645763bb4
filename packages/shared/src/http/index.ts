export { countItems } from './count-items';
export { JSON_TYPE, errorBody, errorHeaders, errorStage, itemError, rawErrorResponse, sendError, toAppError, type ErrorBody } from './errors';
export { createHttpServer, type HttpServer, type ParserRefusal, type ServerOptions } from './server';
