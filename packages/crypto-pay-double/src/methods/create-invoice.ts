// createInvoice. Each refusal has the name of the field it is about; only EXPIRES_IN_INVALID is a name seen from the
// real service, the others follow its pattern, so clients must not depend on them.

import { randomBytes } from 'node:crypto';

import { ApiError } from '../api-error';
import { ASSETS, isAsset, isFiat, type Asset } from '../assets';
import { formatDecimal, parseDecimal } from '../decimal';
import { showInvoice, type StoredInvoice } from '../invoice';
import { invalid, readBoolean, readInteger, readList, readText, type Params } from '../params';
import type { Method } from './context';

const EXPIRES_IN_MAX_S = 2_678_400;
const PAYLOAD_MAX_BYTES = 4_096;
const BUTTONS = ['viewItem', 'openChannel', 'openBot', 'callback'];
const HASH_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export const createInvoice: Method = async ({ store, now, publicUrl }, params) => {
  const time = now();
  const invoice: StoredInvoice = {
    invoice_id: 0,
    hash: newHash(),
    ...readCurrency(params),
    amount: readAmount(params),
    ...readSwap(params),
    ...readTexts(params),
    allow_comments: readBoolean(params, 'allow_comments', true),
    allow_anonymous: readBoolean(params, 'allow_anonymous', true),
    created_at: time.toISOString(),
    is_deleted: false,
  };
  const expiresInS = readInteger(params, 'expires_in', { min: 1, max: EXPIRES_IN_MAX_S });
  if (expiresInS !== undefined) invoice.expiration_date = new Date(time.getTime() + expiresInS * 1_000).toISOString();
  invoice.invoice_id = store.nextInvoiceId();
  store.add(invoice);
  await store.save();
  return showInvoice(invoice, { now: time, publicUrl: publicUrl() });
};

function readCurrency(params: Params): Pick<StoredInvoice, 'currency_type' | 'asset' | 'fiat' | 'accepted_assets'> {
  const currencyType = readText(params, 'currency_type') ?? 'crypto';
  if (currencyType === 'crypto') {
    const asset = readText(params, 'asset');
    if (asset === undefined || !isAsset(asset)) throw invalid('asset');
    return { currency_type: 'crypto', asset };
  }
  if (currencyType !== 'fiat') throw invalid('currency_type');
  const fiat = readText(params, 'fiat');
  if (fiat === undefined || !isFiat(fiat)) throw invalid('fiat');
  return { currency_type: 'fiat', fiat, accepted_assets: readAcceptedAssets(params) };
}

function readAcceptedAssets(params: Params): Asset[] {
  const accepted = readList(params, 'accepted_assets');
  if (accepted === undefined) return [...ASSETS];
  const known = accepted.filter(isAsset);
  if (known.length !== accepted.length || new Set(known).size !== known.length) throw invalid('accepted_assets');
  return known;
}

function readAmount(params: Params): string {
  const amount = parseDecimal(readText(params, 'amount') ?? '');
  if (amount === null || amount === 0n) throw invalid('amount');
  return formatDecimal(amount);
}

function readSwap(params: Params): Pick<StoredInvoice, 'swap_to'> {
  const swapTo = readText(params, 'swap_to');
  if (swapTo === undefined) return {};
  if (!isAsset(swapTo)) throw invalid('swap_to');
  return { swap_to: swapTo };
}

function readTexts(params: Params): Partial<StoredInvoice> {
  const texts: Partial<StoredInvoice> = {};
  const description = readText(params, 'description');
  const hiddenMessage = readText(params, 'hidden_message');
  const payload = readText(params, 'payload', PAYLOAD_MAX_BYTES);
  const buttonName = readText(params, 'paid_btn_name');
  const buttonUrl = readText(params, 'paid_btn_url');
  if (description !== undefined && description.length > 1_024) throw new ApiError(400, 'DESCRIPTION_TOO_LONG');
  if (hiddenMessage !== undefined && hiddenMessage.length > 2_048) throw new ApiError(400, 'HIDDEN_MESSAGE_TOO_LONG');
  if (description !== undefined) texts.description = description;
  if (hiddenMessage !== undefined) texts.hidden_message = hiddenMessage;
  if (payload !== undefined) texts.payload = payload;
  if (buttonName === undefined) return texts;
  if (!BUTTONS.includes(buttonName)) throw invalid('paid_btn_name');
  if (buttonUrl === undefined || !/^https?:\/\//.test(buttonUrl)) throw invalid('paid_btn_url');
  return { ...texts, paid_btn_name: buttonName, paid_btn_url: buttonUrl };
}

function newHash(): string {
  return `IV${Array.from(randomBytes(14), (byte) => HASH_LETTERS[byte % HASH_LETTERS.length]).join('')}`;
}
