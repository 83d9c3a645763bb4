// Verifies a webhook by Standard Webhooks: the signature over id, timestamp and the exact bytes received.
import { base64, fromBase64, hmacSha256, isSame, joined, utf8 } from './bytes';

const TOLERANCE_S = 300;
const PREFIX = 'whsec_';

export class LumiWebhookError extends Error {
  override readonly name = 'LumiWebhookError';
}

/** As Node, frameworks and fetch have them. Names are compared without case. */
export type WebhookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { forEach(look: (value: string, name: string) => void): void };

/**
 * Returns the event. Throws a LumiWebhookError when a header is missing, the timestamp is too far from now, or no
 * signature fits one of the secrets.
 *
 * @param rawBody the bytes received, or their text, before any JSON parser has read them
 */
export async function verifyWebhook<Event = unknown>(
  rawBody: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  { toleranceS = TOLERANCE_S }: { readonly toleranceS?: number } = {},
): Promise<Event> {
  const header = lookUp(headers);
  const id = header('webhook-id');
  const signatures = header('webhook-signature');
  const timestamp = timestampOf(header('webhook-timestamp'), toleranceS);
  const body = typeof rawBody === 'string' ? utf8(rawBody) : joined(rawBody);
  const signed = joined(utf8(`${id}.${String(timestamp)}.`), body);
  let isGood = false;
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    const expected = base64(await hmacSha256(keyOf(one), signed));
    for (const [version, signature = ''] of signatures.split(' ').map((text) => text.split(',')))
      if (version === 'v1' && isSame(signature, expected)) isGood = true;
  }
  if (!isGood) throw new LumiWebhookError('No signature of the webhook fits the secret.');
  return JSON.parse(new TextDecoder().decode(body)) as Event; // the signature shows that Lumi wrote it
}

/** The headers of a webhook with this id and body, signed at this time. For tests, and for `lumi listen`. */
export async function signWebhook(
  rawBody: string,
  { id, secret, atS }: { readonly id: string; readonly secret: string; readonly atS: number },
): Promise<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const mac = await hmacSha256(keyOf(secret), utf8(`${id}.${String(atS)}.${rawBody}`));
  return { 'webhook-id': id, 'webhook-timestamp': String(atS), 'webhook-signature': `v1,${base64(mac)}` };
}

function lookUp(headers: WebhookHeaders): (name: string) => string {
  const byName = new Map<string, string>();
  if (typeof headers.forEach === 'function')
    (headers as Headers).forEach((value, name) => byName.set(name.toLowerCase(), value));
  else
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) byName.set(name.toLowerCase(), typeof value === 'string' ? value : value.join(' '));
  return (name) => {
    const value = byName.get(name) ?? '';
    if (value === '') throw new LumiWebhookError(`The webhook has no header ${name}.`);
    return value;
  };
}

function timestampOf(text: string, toleranceS: number): number {
  const seconds = Number.parseInt(text, 10);
  if (Number.isNaN(seconds)) throw new LumiWebhookError('The timestamp of the webhook is not a Unix time.');
  const nowS = Math.floor(Date.now() / 1000);
  if (Math.abs(nowS - seconds) > toleranceS)
    throw new LumiWebhookError(`The timestamp of the webhook is more than ${String(toleranceS)} s from this clock.`);
  return seconds;
}

function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  let key: Uint8Array<ArrayBuffer> | null = null;
  try {
    key = fromBase64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret);
  } catch {
    // The message of the decoder may quote the secret.
  }
  if (key === null || key.length === 0)
    throw new TypeError('The secret of a webhook is whsec_ and base64, as Lumi showed it.');
  return key;
}
