export { acceptedAnswer, acceptedSchema, dryRunAnswer, dryRunSchema } from './answers';
export { PURCHASE_TIMES, concludeOrder, purchase, storedAnswer, withAbort, type Checkpoint, type Offer, type Payer, type PriceConsent, type PurchaseAnswer, type PurchaseDeps, type PurchaseRequest } from './engine';
export { orderOfRow, refusalOfDatabase, riders, type OrderRow } from './money-step';
export { operationIdOf, orderSchema, viewOrder, type OrderView } from './order-view';
export { autoRenewField, consentOf, metadataField, purchaseFields, purchaseReply, referenceField, requestPart, tagsField, type PurchaseBody } from './request-fields';
export { STUCK_AFTER_MS, recoverOrders, type Recovered } from './recover';
export { amountOf, costLine, costOf, priceOf, type CostLine, type Terms } from './terms';
export { thingSold, type AnswerBody, type AnyThingSold, type EventDraft, type JsonObject, type LookUp, type Order, type OrderState, type Outcome, type ThingSold } from './thing-sold';
export { renewalClaim, systemPayer } from './system-payer';
