export { addressBucket } from './address-bucket';
export { addressField, isDocumentationAddress, isPublicAddress, plainAddress, readAddress } from './ip-address';
export { blockField, readBlock, type IpBlock } from './ip-block';
