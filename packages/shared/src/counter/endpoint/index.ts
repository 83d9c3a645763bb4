export { bodyOrQuery } from './body-or-query';
export {
  endpoint,
  json,
  ownedBy,
  type Endpoint,
  type Handler,
  type Reach,
  type Reply,
  type RequestContext,
} from './context';
export type { Samples } from './example';
export type { Glossary } from './glossary';
export type { InternalReply, InternalRequest, InternalRoute } from './internal-route';
export { mapInTurns, oneByOne } from './in-turns';
export { refuseRepeatedRefs } from './item-refs';
export { parseJsonBody } from './json-body';
export { mount } from './mount';
export type { MountDeps } from './mount-deps';
export { buildOpenApi, type OpenApiOptions } from './openapi';
export { BULK_MAX_ITEMS, isPlainObject, validateItem } from './validate';
