export { CUSTOMER_URL_MAX, readCustomerUrl, type CustomerUrl } from './customer-url';
export { judgeOf, type Judge, type Refusal } from './judge';
export { Lookup, type Finding } from './lookup';
export { readNetworks, type Networks } from './networks';
export { Outbound, type Outcome, type OutboundOptions, type OutboundRequest } from './outbound';
export { ownAddresses } from './own-addresses';
export { PORTS_REFUSED, readAllowed, readPorts, type Allowed, type Ports } from './ports';
export { openResolver, type Resolver } from './resolver';
export { readTarget, readTargetPair, type Target } from './target';
