export { knowsPlatform } from './knows-platform';
export { PLATFORM_SCHEMA, readPlatformSchema, refusalOfPlatform, type Queryable } from './version';
