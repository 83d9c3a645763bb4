export { acceptedAnswer, acceptedSchema, dryRunAnswer, dryRunSchema } from './answers';
export { PURCHASE_TIMES, type Checkpoint, type ConcludeDeps, type PurchaseDeps } from './purchase-deps';
export { concludeOrder } from './conclude';
export { purchase } from './engine';
export { storedAnswer, type PurchaseAnswer } from './purchase-answer';
export { withAbort } from './act';
export type { Offer, Payer, PriceConsent, PurchaseRequest } from './purchase-request';
export { orderOfRow } from './order-row';
export { refusalOfDatabase } from './money-step-refusal';
export { riders } from './money-step';
export { operationIdOf, orderSchema, viewOrder, type OrderView } from './order-view';
export {
  autoRenewField,
  consentOf,
  metadataField,
  purchaseFields,
  SELLING,
  purchaseReply,
  referenceField,
  requestPart,
  tagsField,
  type PurchaseBody,
} from './request-fields';
export { sell } from './sell';
export { STUCK_AFTER_MS, recoverOrders, type Recovered } from './recover';
export { amountOf, costLine, costOf, priceOf, type CostLine, type Terms } from './terms';
export {
  thingSold,
  type AnswerBody,
  type AnyThingSold,
  type EventDraft,
  type JsonObject,
  type LookUp,
  type Order,
  type OrderState,
  type Outcome,
  type ThingSold,
} from './thing-sold';
export { renewalClaim, systemPayer } from './system-payer';
