export { CryptoPay, type CryptoPayOptions } from './crypto-pay';
export {
  PaymentProviders,
  type CancelOutcome,
  type CreateOutcome,
  type InvoiceRequest,
  type LookUpOutcome,
  type PaymentProvider,
  type PayUrls,
  type ProviderInvoice,
  type ProviderPayment,
  type ProviderTerms,
  type WebhookVerdict,
} from './provider';
