export { judgeOf, type Judge, type Refusal } from './judge';
export { Lookup, type Finding } from './lookup';
export { ownAddresses } from './own-addresses';
export { PORTS_REFUSED, readAllowed, readPorts, type Allowed, type Ports } from './ports';
export { openResolver, type Resolver } from './resolver';
export { readTarget, readTargetPair, type Target } from './target';
