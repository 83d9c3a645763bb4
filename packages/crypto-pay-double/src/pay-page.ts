// The page behind an invoice link. It replaces the bot's payment dialog of the real service, and says that no real
// money moves.

import { Router, urlencoded, type Response } from 'express';

import { ApiError } from './api-error';
import { isAsset } from './assets';
import { statusOf, type StoredInvoice } from './invoice';
import type { MethodContext } from './methods/context';
import { payInvoice } from './payment';
import type { WebhookSender } from './webhook';

export function payPage(context: MethodContext & { webhooks: WebhookSender }): Router {
  const router = Router();
  router.get('/:hash', (req, res) => {
    const invoice = context.store.findByHash(req.params.hash);
    if (invoice === undefined) return sendPage(res, 404, notFound());
    return sendPage(res, 200, invoicePage(invoice, context.now()));
  });
  router.post('/:hash', urlencoded({ extended: false, limit: '4kb' }), async (req, res) => {
    const asset = (req.body as Record<string, unknown> | undefined)?.asset;
    const invoice = context.store.findByHash(req.params.hash);
    if (invoice === undefined) return sendPage(res, 404, notFound());
    const chosen = typeof asset === 'string' ? asset : (invoice.asset ?? invoice.accepted_assets?.[0] ?? '');
    try {
      if (!isAsset(chosen)) throw new ApiError(400, 'ASSET_INVALID');
      const paid = await payInvoice(context, req.params.hash, chosen);
      return sendPage(res, 200, invoicePage(paid, context.now()));
    } catch (err) {
      if (!(err instanceof ApiError)) throw err;
      return sendPage(res, err.status, invoicePage(invoice, context.now()));
    }
  });
  return router;
}

function invoicePage(invoice: StoredInvoice, now: Date): string {
  const status = invoice.is_deleted ? 'deleted' : statusOf(invoice, now);
  const parts = [
    `<h1>${escapeHtml(invoice.amount)} ${escapeHtml(invoice.fiat ?? invoice.asset ?? '')}</h1>`,
    invoice.description === undefined ? '' : `<p>${escapeHtml(invoice.description)}</p>`,
    `<p>Invoice ${invoice.invoice_id}: <strong id="status">${status}</strong></p>`,
  ];
  if (status === 'active') parts.push(payForm(invoice));
  if (status === 'paid' && invoice.hidden_message !== undefined)
    parts.push(`<p>${escapeHtml(invoice.hidden_message)}</p>`);
  if (status === 'paid' && invoice.paid_btn_url !== undefined)
    parts.push(`<p><a href="${escapeHtml(invoice.paid_btn_url)}" rel="noreferrer">Continue</a></p>`);
  return page(`Invoice ${invoice.invoice_id}`, parts.join('\n'));
}

function payForm(invoice: StoredInvoice): string {
  const assets = invoice.accepted_assets ?? (invoice.asset === undefined ? [] : [invoice.asset]);
  const options = assets.map((asset) => `<option>${asset}</option>`).join('');
  return (
    `<form method="post"><label>Pay in <select name="asset">${options}</select></label> <button>Pay (test ` +
    'money)</button></form>'
  );
}

function notFound(): string {
  return page('No such invoice', '<h1>No such invoice</h1>');
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>
  body{font:16px/1.5 system-ui;margin:10vh auto;max-width:28rem;padding:0 1rem}
  button{font:inherit;padding:.4rem 1rem}
  footer{color:#666;margin-top:3rem}
</style>
${body}
<footer>A local double of Crypto Pay. No real money moves here.</footer></html>`;
}

function sendPage(res: Response, status: number, html: string): void {
  res.status(status);
  res.set({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  res.send(html);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
