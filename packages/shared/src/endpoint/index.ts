export { bodyOrQuery } from './body-or-query';
export { endpoint, json, type Endpoint, type Handler, type Reach, type Reply, type RequestContext } from './context';
export type { Samples } from './example';
export type { Glossary } from './glossary';
export { refuseRepeatedRefs } from './item-refs';
export { parseJsonBody } from './json-body';
export { mount, type MountDeps } from './mount';
export { buildOpenApi, type OpenApiOptions } from './openapi';
export { BULK_MAX_ITEMS, isPlainObject, validateItem } from './validate';
