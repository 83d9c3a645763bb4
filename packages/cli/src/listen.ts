// `lumi events --follow` prints the feed; `lumi listen` sends it on as webhooks, so that a machine without a public
// address can develop.
import { randomBytes } from 'node:crypto';
import { signWebhook } from '@lumi/client';
import type { AnyClient, Json } from './connect';
import { DONE, Ending, NOT_UNDERSTOOD } from './ending';
import type { Options } from './input';
import { render } from './output';

const DELIVERY_MS = 15_000;

export async function follow(client: AnyClient, options: Options): Promise<number> {
  const ending = stopped();
  for await (const event of client.events.follow({ ...wishes(options), signal: ending.signal })) {
    if (options['json'] === true) process.stdout.write(`${JSON.stringify(event)}\n`);
    else if (options['quiet'] === true) process.stdout.write(render(event, { quiet: true }));
    else process.stdout.write(line(event));
  }
  return DONE;
}

export async function listen(client: AnyClient, options: Options): Promise<number> {
  const target = targetOf(options['forwardTo']);
  const given = options['secret'];
  const secret = typeof given === 'string' ? given : `whsec_${randomBytes(32).toString('base64')}`;
  const ending = stopped();
  const wished = wishes(options);
  const hasStart = [wished.cursor, wished.consumer, wished.since].some((start) => start !== undefined);
  const cursor = hasStart ? (wished.cursor ?? null) : await endOfFeed(client, options);
  process.stderr.write(`Events go to ${target}, signed with ${secret}\n`);
  const from = cursor === null ? {} : { cursor };
  for await (const event of client.events.follow({ ...wished, ...from, signal: ending.signal }))
    process.stdout.write(`${line(event).trimEnd()}  ${await deliver(target, secret, event, ending.signal)}\n`);
  return DONE;
}

/** Behind the events of before. */
async function endOfFeed(client: AnyClient, options: Options): Promise<string | null> {
  const { types } = wishes(options);
  const query = { limit: 200, ...(types === undefined ? {} : { types: types.join(',') }) };
  let cursor: string | null = null;
  for (;;) {
    const asked: Json = { ...query, ...(cursor === null ? {} : { cursor }) };
    const page = (await client.call('list-events', { query: asked })) as {
      has_more: boolean;
      resume_cursor: string | null;
    };
    cursor = page.resume_cursor;
    if (!page.has_more) return cursor;
  }
}

async function deliver(target: string, secret: string, event: Json, signal: AbortSignal): Promise<string> {
  const body = JSON.stringify(event);
  const headers = await signWebhook(body, { id: String(event['id']), secret, atS: Math.floor(Date.now() / 1_000) });
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'Lumi-Webhooks/1' },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(DELIVERY_MS)]),
    });
    await response.body?.cancel();
    return String(response.status);
  } catch (err) {
    return `not delivered (${(err as { cause?: { code?: string } }).cause?.code ?? (err as Error).name})`;
  }
}

function wishes(options: Options): { types?: string[]; consumer?: string; cursor?: string; since?: string } {
  const text = (name: string): Record<string, string> => {
    const value = options[name];
    return typeof value === 'string' ? { [name]: value } : {};
  };
  const types = [options['types']].flat().filter((one) => typeof one === 'string');
  return {
    ...(types.length === 0 ? {} : { types: types.flatMap((one) => one.split(',')) }),
    ...text('consumer'),
    ...text('cursor'),
    ...text('since'),
  };
}

function line(event: Json): string {
  const at = String(event['timestamp'] ?? event['created_at']);
  return `${at}  ${String(event['type'])}  ${String(event['subject'])}  ${String(event['id'])}\n`;
}

function targetOf(given: unknown): string {
  try {
    const url = new URL(String(given));
    if (/^https?:$/.test(url.protocol)) return url.href;
  } catch {
    // Said below.
  }
  throw new Ending(NOT_UNDERSTOOD, '--forward-to must be an address such as http://127.0.0.1:4000/hook.');
}

/** Ends with Ctrl-C, or when it is stopped: that is how these commands end. */
function stopped(): AbortController {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  return ending;
}
