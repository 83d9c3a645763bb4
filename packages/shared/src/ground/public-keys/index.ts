export { dnskeyRefusal } from './dns-key';
export { readSshPublicKey, type SshPublicKey } from './ssh-public-key';
