// Transfers a name in from another registrar. At a real registry this takes days. The money is held until the transfer
// is done; it is released when the other side refuses or the customer cancels.
import { isoSeconds } from '@lumi/shared/runtime';
import { openSecret } from '@lumi/shared/keys';
import { operationIdOf, thingSold, viewOrder, type Order } from '@lumi/shared/purchase';
import type { SecretRing } from '@lumi/shared/runtime';
import type { DomainsDeps } from '../deps';
import { viewDomain } from '../portfolio/domain-view';
import { viewTransfer } from '../portfolio/transfer-view';
import type { NameInfo, TransferCommand } from '../supplier/registrar';
import { deliverHolding, deliveredDomain, endLapsed, feeOf, type HoldingItem } from './holding';

export const TRANSFER_IN = 'domain_transfer';

export interface TransferItem extends HoldingItem {
  /** Sealed, because it gives control of the name and the order may have to be sent again. Base64. */
  readonly auth_code: string;
  readonly keep_nameservers: boolean;
}

export function transferInThing(deps: DomainsDeps) {
  const tldOf = (order: Order<TransferItem>) => deps.catalogue.get(order.item.tld);
  return thingSold<TransferItem, NameInfo>({
    kind: TRANSFER_IN,
    termsNow: 'fixed', // there is no domain yet
    describe: (order) => `Transfer of ${order.item.unicode}`,
    act: (order, signal) =>
      deps.registrars
        .get(order.item.registrar)
        .execute(transferCommandOf(order, deps.service.config.SECRET_RING), signal),
    lookUp: (order, signal) =>
      deps.registrars
        .get(order.item.registrar)
        .lookUp(transferCommandOf(order, deps.service.config.SECRET_RING), signal),
    prepare: (order) => [endLapsed(order.item.domain, order.createdAt)],
    deliver: (order, info) => deliverHolding(order, deliveredDomain(order, info, tldOf(order))),
    answer: (order, info) => ({
      status: 201,
      body: {
        transfer: viewTransfer(order),
        domain: viewDomain(
          deliveredDomain(order, info, tldOf(order)),
          tldOf(order),
          order.settledAt ?? order.createdAt,
        ),
        order: viewOrder(order),
      },
    }),
    pendingAnswer: (order) => ({
      body: { operation_id: operationIdOf(order.id), transfer: viewTransfer(order), order: viewOrder(order) },
    }),
    events: (order, info) => [
      {
        type: 'domain.transfer.completed',
        subject: order.item.domain,
        data: { domain: order.item.domain, expires_at: isoSeconds(new Date(info.expires_at)), order_id: order.id },
      },
    ],
  });
}

/** The data the seal is bound to. An auth code that was moved to another name's order cannot be opened. */
export function authCodeBinding(domain: string): string {
  return `transfer-in:${domain}`;
}

export function transferCommandOf(order: Order<TransferItem>, secrets: SecretRing): TransferCommand {
  const { item } = order;
  return {
    kind: 'transfer',
    ref: order.id,
    name: item.domain,
    tld: item.tld,
    sentAt: order.createdAt,
    years: item.years,
    fee: feeOf(item),
    nameservers: item.nameservers,
    keepNameservers: item.keep_nameservers,
    contacts: item.contacts,
    contactData: item.contact_data,
    privacy: item.privacy,
    locked: item.locked,
    authCode:
      item.auth_code === ''
        ? ''
        : openSecret(secrets, authCodeBinding(item.domain), Buffer.from(item.auth_code, 'base64')),
  };
}
