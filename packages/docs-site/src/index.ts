export { apiOf, type Api } from './document';
export { GUIDES } from './guides';
export type { Frame } from './layout';
export { sitePages, type Page, type SiteInput } from './site';
