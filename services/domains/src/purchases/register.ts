// A new domain name.
import { isoSeconds } from '@lumi/shared/runtime';
import { thingSold, viewOrder, type Order } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { viewDomain } from '../portfolio/domain-view';
import type { NameInfo, RegisterCommand } from '../supplier/registrar';
import { deliverHolding, deliveredDomain, endLapsed, feeOf, yearsText, type HoldingItem } from './holding';

export const REGISTER = 'domain_register';

export function registerThing(deps: DomainsDeps) {
  const tldOf = (order: Order<HoldingItem>) => deps.catalogue.get(order.item.tld);
  return thingSold<HoldingItem, NameInfo>({
    kind: REGISTER,
    termsNow: 'fixed', // there is no domain yet, and the registry itself refuses a fee that has changed
    hasRowsOfItsOwn: true, // the domain (at most one open order each), and new contacts
    describe: (order) => `Registration of ${order.item.unicode} for ${yearsText(order.item.years)}`,
    act: (order, signal) => deps.registrars.get(order.item.registrar).execute(commandOf(order), signal),
    lookUp: (order, signal) => deps.registrars.get(order.item.registrar).lookUp(commandOf(order), signal),
    prepare: (order) => [endLapsed(order.item.domain, order.createdAt)],
    deliver: (order, info) => deliverHolding(order, deliveredDomain(order, info, tldOf(order))),
    answer: (order, info) => ({
      status: 201,
      body: {
        domain: viewDomain(
          deliveredDomain(order, info, tldOf(order)),
          tldOf(order),
          order.settledAt ?? order.createdAt,
        ),
        order: viewOrder(order),
      },
    }),
    events: (order, info) => [
      {
        type: 'domain.registered',
        subject: order.item.domain,
        data: { domain: order.item.domain, expires_at: isoSeconds(new Date(info.expires_at)), order_id: order.id },
      },
    ],
  });
}

function commandOf(order: Order<HoldingItem>): RegisterCommand {
  const { item } = order;
  return {
    kind: 'register',
    ref: order.id,
    name: item.domain,
    tld: item.tld,
    sentAt: order.createdAt,
    years: item.years,
    fee: feeOf(item),
    nameservers: item.nameservers,
    contacts: item.contacts,
    contactData: item.contact_data,
    privacy: item.privacy,
    locked: item.locked,
  };
}
