import { defineRoute, notFound } from '../../ground/contract';
import { endpoint, type Endpoint } from '../endpoint';
import { sandboxPage } from './sandbox-page';
import { SandboxPay } from './sandbox-pay';
import { PAY_PAGE_ROUTE, PAY_PAGE_ANSWERS } from './sandbox-page-route';

export function showSandboxPayPage(sandbox: SandboxPay): Endpoint {
  return endpoint(
    defineRoute({
      ...PAY_PAGE_ROUTE,
      id: 'show-sandbox-pay-page',
      method: 'GET',
      summary: 'Show the sandbox pay page',
      description: 'For a browser: an invoice of the `sandbox` provider with a button that pays it with test money.',
      responses: PAY_PAGE_ANSWERS,
    }),
    async ({ params: { token } }) => {
      const invoice = await sandbox.find(token);
      if (invoice === null) throw notFound();
      return sandboxPage(invoice);
    },
  );
}
