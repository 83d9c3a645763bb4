export { Notices, type Listener, type NoticesOptions } from './notices';
