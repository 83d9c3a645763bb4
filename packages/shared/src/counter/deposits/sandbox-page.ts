// The pay page of the `sandbox` provider, a plain HTML form: what a customer would see at a real provider. It is
// reached by an unguessable token and shows nothing but that invoice.
import { formatUsd } from '../../ground/money';
import type { Reply } from '../endpoint';
import type { SandboxInvoice } from './sandbox-pay';

export function sandboxPage(invoice: SandboxInvoice): Reply {
  const state = invoice.state === 'open' && invoice.isExpired ? 'expired' : invoice.state;
  const amount = `${formatUsd(invoice.amount)} USD`;
  const parts = [
    `<h1>${escapeHtml(amount)}</h1>`,
    `<p>Top-up ${escapeHtml(invoice.depositId)}: <strong id="state">${state}</strong></p>`,
    state === 'open' ? '<form method="post"><button>Pay with test money</button></form>' : '',
    state === 'paid' && invoice.returnUrl !== null
      ? `<p><a href="${escapeHtml(invoice.returnUrl)}" rel="noreferrer">Back to the shop</a></p>`
      : '',
  ];
  return page(amount, parts.join('\n'));
}

function page(title: string, body: string): Reply {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>
  body{font:16px/1.5 system-ui,sans-serif;margin:12vh auto;max-width:28rem;padding:0 1rem}
  button{font:inherit;padding:.5rem 1.2rem}
  footer{color:#666;margin-top:3rem}
</style></head>
<body>
${body}
<footer>Sandbox payment. No real money moves here.</footer>
</body></html>
`;
  return {
    status: 200,
    bytes: Buffer.from(html, 'utf8'),
    contentType: 'text/html; charset=utf-8',
    headers: {
      'Cache-Control': 'no-store',
      'Content-Security-Policy':
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
  };
}

/** `return_url` comes from a customer and is validated as http(s) when it is received; here it is only text. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${String(char.charCodeAt(0))};`);
}
