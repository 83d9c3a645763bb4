// Builds the dependencies of the domains endpoints and loops. No other file constructs them.
import { clientOptions } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import type { JobDefinition } from '@lumi/shared/jobs';
import { syncOfAll, type SyncOfAll } from '@lumi/shared/sync';
import {
  SHARED_TAGS,
  sharedParts,
  type ApiDescription,
  type Loop,
  type Service,
  type SharedParts,
} from '@lumi/shared/service';
import { domainsAuditRules } from './audit-rules';
import { Catalogue } from './catalogue/catalogue';
import type { Domains } from './domains';
import { PrismaClient } from './generated/db/client';
import { GLOSSARY, SAMPLES } from './glossary';
import { bulkBuyDomains } from './endpoints/bulk-buy-domains';
import { bulkRenewDomains } from './endpoints/bulk-renew-domains';
import { bulkUpdateDomains } from './endpoints/bulk-update-domains';
import { buyDomain } from './endpoints/buy-domain';
import { cancelTransfer } from './endpoints/cancel-transfer';
import { checkDomain } from './endpoints/check-domain';
import { checkDomains } from './endpoints/check-domains';
import { checkTransfer } from './endpoints/check-transfer';
import { createAuthCode } from './endpoints/create-auth-code';
import { createContact } from './endpoints/create-contact';
import { deleteContact } from './endpoints/delete-contact';
import { deleteDomain } from './endpoints/delete-domain';
import { deleteHost } from './endpoints/delete-host';
import { getContact } from './endpoints/get-contact';
import { getDnssec } from './endpoints/get-dnssec';
import { getDomain } from './endpoints/get-domain';
import { getDomainContacts } from './endpoints/get-domain-contacts';
import { getHost } from './endpoints/get-host';
import { getTld } from './endpoints/get-tld';
import { getTransfer } from './endpoints/get-transfer';
import { listContacts } from './endpoints/list-contacts';
import { listDomains } from './endpoints/list-domains';
import { listHosts } from './endpoints/list-hosts';
import { listTlds } from './endpoints/list-tlds';
import { listTransfers } from './endpoints/list-transfers';
import { QUOTE_EXAMPLE, quoteOperations } from './endpoints/quotes';
import { renewDomain } from './endpoints/renew-domain';
import { restoreDomain } from './endpoints/restore-domain';
import { revokeAuthCode } from './endpoints/revoke-auth-code';
import { setDnssec } from './endpoints/set-dnssec';
import { setDomainContacts } from './endpoints/set-domain-contacts';
import { setHost } from './endpoints/set-host';
import { setNameservers } from './endpoints/set-nameservers';
import { domainsSummary } from './endpoints/summary';
import { syncContactNow } from './endpoints/sync-contact';
import { syncContacts } from './endpoints/sync-contacts';
import { syncDomainNow } from './endpoints/sync-domain';
import { syncDomains } from './endpoints/sync-domains';
import { syncHost } from './endpoints/sync-host';
import { syncHosts } from './endpoints/sync-hosts';
import { syncTransferNow } from './endpoints/sync-transfer';
import { syncTransfers } from './endpoints/sync-transfers';
import { transferDomain } from './endpoints/transfer-domain';
import { updateContact } from './endpoints/update-contact';
import { updateDomain } from './endpoints/update-domain';
import { domainLifecycle } from './portfolio/domain-lifecycle';
import { settleAbandonedChanges } from './portfolio/change-at-registry';
import { contactSyncs } from './portfolio/sync-contact';
import { domainSyncs } from './portfolio/sync-domain';
import { transferSyncs } from './portfolio/sync-transfer';
import { registerThing } from './purchases/register';
import { renewThing } from './purchases/renew';
import { restoreThing } from './purchases/restore';
import { transferInThing } from './purchases/transfer-in';
import { Registrars } from './supplier/registrars';
import { SandboxRegistrar } from './supplier/sandbox/sandbox-registrar';

export interface WiredDomains extends Domains {
  /** The parts that every product has. */
  readonly shared: SharedParts;
  readonly syncs: { readonly domains: SyncOfAll; readonly contacts: SyncOfAll; readonly transfers: SyncOfAll };
}

export interface SandboxTimes {
  readonly SANDBOX_TIMEOUT_MS: number;
  readonly SANDBOX_SLOW_MS: number;
}

export function wire(service: Service, times: SandboxTimes): WiredDomains {
  const db = new PrismaClient(clientOptions(service.db.pool, 'domains'));
  const catalogue = new Catalogue(db, service.clock);
  const registrars = new Registrars([
    new SandboxRegistrar({
      db: service.db.direct,
      clock: service.clock,
      timeoutMs: times.SANDBOX_TIMEOUT_MS,
      slowMs: times.SANDBOX_SLOW_MS,
    }),
  ]);
  const deps = { service, registrars, catalogue };
  const things = {
    register: registerThing(deps),
    renew: renewThing(deps),
    restore: restoreThing(deps),
    transfer: transferInThing({ ...deps, secrets: service.config.SECRET_RING }),
  };
  const domains: Domains = { service, db, catalogue, registrars, purchases: service.purchases, things };
  const syncs = {
    domains: syncOfAll(domainSyncs(domains)),
    contacts: syncOfAll(contactSyncs(domains)),
    transfers: syncOfAll(transferSyncs(domains)),
  };
  return {
    ...domains,
    syncs,
    shared: sharedParts(service, {
      suppliers: [{ name: 'registrar', isSandbox: true }],
      things: Object.values(things),
      tasks: Object.values(syncs).map(({ kind }) => kind),
      auditRules: domainsAuditRules,
      ready: () => catalogue.ready(),
      quotes: { operations: quoteOperations(domains), example: QUOTE_EXAMPLE },
      bulk: [bulkBuyDomains(domains), bulkRenewDomains(domains)],
      lifecycles: [domainLifecycle(domains)],
      summary: domainsSummary,
    }),
  };
}

/** Literal paths come before `/domains/{domain}`, because the first match serves. */
export function endpoints(domains: WiredDomains): readonly Endpoint[] {
  return [
    ...domains.shared.endpoints,
    listTlds(domains),
    getTld(domains),
    checkDomain(domains),
    checkDomains(domains),
    buyDomain(domains),
    listDomains(domains),
    bulkUpdateDomains(domains),
    syncDomains(domains, domains.syncs.domains),
    getDomain(domains),
    syncDomainNow(domains),
    updateDomain(domains),
    deleteDomain(domains),
    renewDomain(domains),
    restoreDomain(domains),
    setNameservers(domains),
    getDnssec(domains),
    setDnssec(domains),
    listHosts(domains),
    syncHosts(domains),
    getHost(domains),
    syncHost(domains),
    setHost(domains),
    deleteHost(domains),
    checkTransfer(domains),
    transferDomain(domains),
    listTransfers(domains),
    syncTransfers(domains, domains.syncs.transfers),
    getTransfer(domains),
    syncTransferNow(domains),
    cancelTransfer(domains),
    createAuthCode(domains),
    revokeAuthCode(domains),
    getDomainContacts(domains),
    setDomainContacts(domains),
    listContacts(domains),
    createContact(domains),
    syncContacts(domains, domains.syncs.contacts),
    getContact(domains),
    syncContactNow(domains),
    updateContact(domains),
    deleteContact(domains),
  ];
}

export function loops(domains: WiredDomains): readonly Loop[] {
  return [
    ...domains.shared.loops,
    { name: 'abandoned-changes', everyMs: 2_000, run: () => settleAbandonedChanges(domains) },
  ];
}

export function jobs(domains: WiredDomains): readonly JobDefinition[] {
  return domains.shared.jobs;
}

export const api: ApiDescription = {
  title: 'Lumi Domains API',
  version: '1.0.0',
  description: 'Find, buy and manage domain names.',
  glossary: GLOSSARY,
  samples: SAMPLES,
  tags: [
    { name: 'Catalogue', description: 'What can be bought: TLDs with prices and rules, availability of names.' },
    { name: 'Domains', description: 'Buying domains and managing them.' },
    { name: 'Transfers', description: 'Names coming from other registrars, and codes for those that leave.' },
    { name: 'DNS delegation', description: 'DNSSEC and glue at the registry.' },
    { name: 'Contacts', description: 'The people and organizations behind domains.' },
    ...SHARED_TAGS,
  ],
};
