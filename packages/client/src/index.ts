// What the package exports.
export { LumiDomains, LumiHosting, LumiProxy } from './products';
export type { CallOptions, LumiCall, LumiResponse, RateLimit } from './call';
export { LumiConnectionError, LumiError, LumiTimeoutError, type ErrorDetail } from './errors';
export type { FollowOptions, WaitOptions } from './extras';
export type { LumiPages, Page } from './pages';
export type { LumiOptions } from './settings';
export type { AnswerOf, BodyOf, ItemOf, QueryOf } from './shapes';
export type { DomainsOperations } from './generated/domains-resources';
export type { HostingOperations } from './generated/vps-resources';
export type { ProxyOperations } from './generated/proxy-resources';
export { usd } from './usd';
export { LumiWebhookError, signWebhook, verifyWebhook, type WebhookHeaders } from './verify-webhook';
