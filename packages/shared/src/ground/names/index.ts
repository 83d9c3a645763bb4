export { emailField } from './email';
export { hostNameField, readHostName } from './host-name';
export { readName, type DnsName } from './dns-name';
export { isWrittenIn } from './script';
