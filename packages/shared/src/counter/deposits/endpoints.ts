// The deposit endpoints every product base carries, the webhook intake and the sandbox pay page.
import type { Cursors } from '../../ground/contract';
import type { Endpoint } from '../endpoint';
import type { DepositDeps } from './reconcile';
import { SandboxPay } from './sandbox-pay';
import { listDepositProviders } from './list-deposit-providers';
import { createDepositEndpoint } from './create-deposit';
import { listDepositsEndpoint } from './list-deposits';
import { getDeposit } from './get-deposit';
import { cancelDepositEndpoint } from './cancel-deposit';
import { takePaymentWebhook } from './take-payment-webhook';
import { showSandboxPayPage } from './show-sandbox-pay-page';
import { paySandboxInvoice } from './pay-sandbox-invoice';

export function depositEndpoints(deps: DepositDeps & { cursors: Cursors }): readonly Endpoint[] {
  const sandbox = deps.providers.all().find((provider): provider is SandboxPay => provider instanceof SandboxPay);
  return [
    listDepositProviders(deps),
    createDepositEndpoint(deps),
    listDepositsEndpoint(deps),
    getDeposit(deps),
    cancelDepositEndpoint(deps),
    takePaymentWebhook(deps),
    ...(sandbox === undefined ? [] : [showSandboxPayPage(sandbox), paySandboxInvoice(deps, sandbox)]),
  ];
}
