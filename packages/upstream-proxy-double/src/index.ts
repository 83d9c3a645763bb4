// The exports for other packages.
export { createUpstreamDouble, type UpstreamDouble } from './double';
