export { AppError, invalid, notFound, type AppErrorOptions, type ErrorDetail } from './app-error';
export { assertNever } from './assert-never';
export { checkedTogether } from './checked-together';
export { ERROR_ADVICE } from './error-advice';
export { ERROR_CODES, isErrorCode, type ErrorCode } from './error-codes';
export { readField, type Reading } from './field';
export { lineField, optionalLineField } from './line';
export { checkIdempotencyKey } from './idempotency-key';
export { isId, newId, type IdPrefix } from './ids';
export {
  Cursors,
  PAGE_LIMIT_MAX,
  pageOf,
  pageQuery,
  readPage,
  toPage,
  type CursorBinding,
  type Page,
  type PageRequest,
  type Position,
} from './page';
export { BASE_PATHS, PRODUCTS, resellerScopes, scopeName, type Product, type RouteScope } from './product';
export { orRefusal } from './refusal';
export {
  defineRoute,
  usualBodyBytesMax,
  type Method,
  type ResponseSpec,
  type RouteClass,
  type RouteSpec,
} from './route';
export { withoutSharing } from './whole-document';
