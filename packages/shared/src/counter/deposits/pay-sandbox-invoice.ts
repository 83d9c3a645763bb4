import { defineRoute, notFound } from '../../ground/contract';
import { endpoint, type Endpoint } from '../endpoint';
import { lookUp } from './deposits';
import { findDeposit } from './deposit-reads';
import { reconcile, type DepositDeps } from './reconcile';
import { sandboxPage } from './sandbox-page';
import { SandboxPay } from './sandbox-pay';
import { PAY_PAGE_ROUTE, PAY_PAGE_ANSWERS } from './sandbox-page-route';

export function paySandboxInvoice(deps: DepositDeps, sandbox: SandboxPay): Endpoint {
  return endpoint(
    defineRoute({
      ...PAY_PAGE_ROUTE,
      id: 'pay-sandbox-invoice',
      method: 'POST',
      summary: 'Pay a sandbox invoice',
      description:
        'What the button of the sandbox pay page does: the invoice is paid with test money and the deposit credited.',
      responses: PAY_PAGE_ANSWERS,
    }),
    async ({ params: { token } }) => {
      const invoice = await sandbox.pay(token);
      if (invoice === null) throw notFound();
      const deposit = await findDeposit(deps.db.platform, { kind: 'all' }, invoice.depositId);
      if (deposit !== null) await reconcile(deps, deposit, await lookUp(sandbox, deposit));
      return sandboxPage(invoice);
    },
  );
}
