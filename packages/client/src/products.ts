// The clients of the three products.
import { LumiClient } from './client';
import type { DomainsLists, DomainsOperations, DomainsResources } from './generated/domains-resources';
import { domainsOperations, proxyOperations, vpsOperations } from './generated/operations';
import type { ProxyLists, ProxyOperations, ProxyResources } from './generated/proxy-resources';
import type { HostingLists, HostingOperations, HostingResources } from './generated/vps-resources';
import { DOMAINS, HOSTING, PROXY, type LumiOptions } from './settings';

class Domains extends LumiClient<DomainsOperations, DomainsLists> {
  constructor(options: LumiOptions) {
    super(DOMAINS, domainsOperations, options);
  }
}

class Hosting extends LumiClient<HostingOperations, HostingLists> {
  constructor(options: LumiOptions) {
    super(HOSTING, vpsOperations, options);
  }
}

class Proxies extends LumiClient<ProxyOperations, ProxyLists> {
  constructor(options: LumiOptions) {
    super(PROXY, proxyOperations, options);
  }
}

// The constructor adds the methods that the interfaces of the resources list.
export type LumiDomains = Domains & DomainsResources;
export const LumiDomains = Domains as new (options: LumiOptions) => LumiDomains;
export type LumiHosting = Hosting & HostingResources;
export const LumiHosting = Hosting as new (options: LumiOptions) => LumiHosting;
export type LumiProxy = Proxies & ProxyResources;
export const LumiProxy = Proxies as new (options: LumiOptions) => LumiProxy;
