export { knowsPlatform } from './knows-platform';
export { PLATFORM_SCHEMA, readPlatformSchema, refusalOfPlatform } from './version';
