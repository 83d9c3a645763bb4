// Builds the dependencies of the domains endpoints and loops. No other file constructs them.
import { clientOptions } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import { syncOfAll, type SyncOfAll } from '@lumi/shared/sync';
import { describeApi, sharedParts, type Loop, type Service, type SharedParts } from '@lumi/shared/service';
import { DOMAINS_RULES } from './audit-rules';
import { Catalogue } from './catalogue/catalogue';
import type { DomainsSettings } from './config';
import type { DomainsDeps } from './deps';
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
import { getTldRequirements } from './endpoints/get-tld-requirements';
import { getTransfer } from './endpoints/get-transfer';
import { listContacts } from './endpoints/list-contacts';
import { listDomains } from './endpoints/list-domains';
import { listHosts } from './endpoints/list-hosts';
import { listPriceChanges } from './endpoints/list-price-changes';
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
import { suggestDomains } from './endpoints/suggest-domains';
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
import { forgetPriceChanges } from './jobs/forget-price-changes';
import { forgetZoneVersions } from './jobs/forget-zone-versions';
import { domainLifecycle } from './jobs/lifecycle-source';
import { abandonedChangesLoop } from './portfolio/change-at-registry';
import { contactSyncs } from './portfolio/sync-contact';
import { domainSyncs } from './portfolio/sync-domain';
import { transferSyncs } from './portfolio/sync-transfer';
import { registerThing } from './purchases/register';
import { renewThing } from './purchases/renew';
import { restoreThing } from './purchases/restore';
import { transferInThing } from './purchases/transfer-in';
import { Registrars } from './supplier/registrars';
import { SandboxRegistrar } from './supplier/sandbox/sandbox-registrar';
import { zoneEndpoints } from './wiring-zones';

export interface WiredDomains extends DomainsDeps {
  readonly syncs: { readonly domains: SyncOfAll; readonly contacts: SyncOfAll; readonly transfers: SyncOfAll };
  readonly shared: SharedParts;
}

export function wire(service: Service, settings: DomainsSettings): WiredDomains {
  const db = new PrismaClient(clientOptions(service.db.pool, 'domains'));
  const deps: DomainsDeps = {
    service,
    db,
    catalogue: new Catalogue(db, service.clock),
    registrars: new Registrars([
      new SandboxRegistrar({
        db: service.db.direct,
        tables: db,
        clock: service.clock,
        timeoutMs: settings.SANDBOX_TIMEOUT_MS,
        slowMs: settings.SANDBOX_SLOW_MS,
      }),
    ]),
  };
  const syncs = {
    domains: syncOfAll(domainSyncs(deps)),
    contacts: syncOfAll(contactSyncs(deps)),
    transfers: syncOfAll(transferSyncs(deps)),
  };
  return {
    ...deps,
    syncs,
    shared: sharedParts(service, {
      suppliers: [{ name: 'registrar', isSandbox: true }],
      things: [registerThing(deps), renewThing(deps), restoreThing(deps), transferInThing(deps)],
      tasks: Object.values(syncs).map(({ kind }) => kind),
      auditRules: DOMAINS_RULES,
      ready: () => deps.catalogue.ready(),
      quotes: { operations: quoteOperations(deps), example: QUOTE_EXAMPLE },
      bulk: [bulkBuyDomains(deps), bulkRenewDomains(deps)],
      lifecycles: [domainLifecycle(deps)],
      summary: domainsSummary,
    }),
  };
}

/** Literal paths come before `/domains/{domain}`, because the first match serves. */
export function endpoints(deps: WiredDomains): readonly Endpoint[] {
  return [
    ...deps.shared.endpoints,
    listTlds(deps),
    getTld(deps),
    getTldRequirements(deps),
    listPriceChanges(deps),
    checkDomain(deps),
    checkDomains(deps),
    suggestDomains(deps),
    buyDomain(deps),
    listDomains(deps),
    bulkUpdateDomains(deps),
    syncDomains(deps, deps.syncs.domains),
    getDomain(deps),
    syncDomainNow(deps),
    updateDomain(deps),
    deleteDomain(deps),
    renewDomain(deps),
    restoreDomain(deps),
    setNameservers(deps),
    getDnssec(deps),
    setDnssec(deps),
    listHosts(deps),
    syncHosts(deps),
    getHost(deps),
    syncHost(deps),
    setHost(deps),
    deleteHost(deps),
    checkTransfer(deps),
    transferDomain(deps),
    listTransfers(deps),
    syncTransfers(deps, deps.syncs.transfers),
    getTransfer(deps),
    syncTransferNow(deps),
    cancelTransfer(deps),
    createAuthCode(deps),
    revokeAuthCode(deps),
    getDomainContacts(deps),
    setDomainContacts(deps),
    listContacts(deps),
    createContact(deps),
    syncContacts(deps, deps.syncs.contacts),
    getContact(deps),
    syncContactNow(deps),
    updateContact(deps),
    deleteContact(deps),
    ...zoneEndpoints(deps),
  ];
}

/** The loops that only this worker has, each with its interval. A round is bounded and may run twice without harm. */
export function loops(deps: WiredDomains): readonly Loop[] {
  return [
    ...deps.shared.loops,
    abandonedChangesLoop(deps),
    { name: 'forget-price-changes', everyMs: 600_000, run: () => forgetPriceChanges(deps) },
    { name: 'forget-zone-versions', everyMs: 600_000, run: () => forgetZoneVersions(deps) },
  ];
}

export const api = describeApi({
  title: 'Lumi Domains API',
  description: 'Find, buy and manage domain names.',
  glossary: GLOSSARY,
  samples: SAMPLES,
  tags: [
    { name: 'Catalogue', description: 'What can be bought: TLDs with prices and rules, availability of names.' },
    { name: 'Domains', description: 'Buying domains and managing them.' },
    { name: 'Transfers', description: 'Names coming from other registrars, and codes for those that leave.' },
    { name: 'DNS delegation', description: 'DNSSEC and glue at the registry.' },
    { name: 'Zones', description: 'The DNS records of your domains: changes, versions, zone files.' },
    { name: 'Contacts', description: 'The people and organizations behind domains.' },
  ],
});
