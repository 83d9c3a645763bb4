// One operation: asks before money, calls, waits if it should, prints.
import { usd } from '@lumi/client';
import { ask, isTerminal } from './ask';
import type { CommandShape } from './commands';
import type { AnyClient, Input, Json } from './connect';
import { DONE, Ending, REFUSED, STILL_RUNNING } from './ending';
import { inputOf, type Options } from './input';
import { render, type Wishes } from './output';

const ACCEPTED = 202;
/** The most that `--all` reads. */
const PAGES_MAX = 10_000;

type Words = readonly (string | readonly string[] | undefined)[];

export async function runOperation(
  client: AnyClient,
  command: CommandShape,
  words: Words,
  options: Options,
): Promise<number> {
  const input = await inputOf(command, words, options);
  const call = {
    ...(typeof options['userId'] === 'string' ? { userId: options['userId'] } : {}),
    ...(typeof options['idempotencyKey'] === 'string' ? { idempotencyKey: options['idempotencyKey'] } : {}),
  };
  if (options['all'] === true && command.flags.includes('p')) return printAll(client, command, input, call, options);
  const isDry = options['dryRun'] === true;
  const agreed = command.flags.includes('m') && !isDry ? await agree(client, command, input, call, options) : input;
  const { data, status } = await client
    .call(command.id, agreed, isDry ? { ...call, dryRun: true } : call)
    .withResponse();
  if (status !== ACCEPTED) return print(data, options, DONE);
  const { operation_id: operation, batch_id: batch } = data as { operation_id?: string; batch_id?: string };
  const id = operation ?? batch;
  if (options['wait'] !== true || id === undefined) return print(data, options, STILL_RUNNING);
  return waitFor(client, id, options);
}

/** Waits for an operation or a batch by its id, with its progress on the error stream. */
export async function waitFor(client: AnyClient, id: string, options: Options): Promise<number> {
  const timeoutMs = options['timeout'] === undefined ? {} : { timeoutMs: secondsOf(options['timeout']) * 1_000 };
  const isBatch = id.startsWith('bat_');
  let shown = '';
  const onProgress = (state: Json): void => {
    const line = isBatch
      ? ['status', 'ok', 'failed', 'pending'].map((name) => `${name} ${String(state[name])}`).join(', ')
      : String(state['state']);
    if (line !== shown && options['quiet'] !== true) process.stderr.write(`${line}\n`);
    shown = line;
  };
  const waits = isBatch ? client.batches : client.operations;
  const ended = await waits.wait(id, { onProgress, ...timeoutMs });
  const isGood = isBatch ? ended['failed'] === 0 && ended['status'] === 'completed' : ended['state'] === 'completed';
  return print(ended, options, isGood ? DONE : REFUSED);
}

export function secondsOf(value: unknown): number {
  const seconds = Number.parseFloat(String(value));
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 86_400) return seconds;
  throw new TypeError('--timeout must be a number of seconds, 86400 at most.');
}

export function print(data: unknown, options: Options, status: number): number {
  process.stdout.write(render(data, options as Wishes));
  return status;
}

async function printAll(
  client: AnyClient,
  { id }: CommandShape,
  input: Input,
  call: object,
  options: Options,
): Promise<number> {
  const items: Json[] = [];
  let pages = 0;
  for await (const page of client.paginate(id, input, call).pages()) {
    items.push(...page.items);
    if ((pages += 1) >= PAGES_MAX) break;
  }
  return print({ items }, options, DONE);
}

/** The input with the price that was agreed to, as far as the operation takes one. */
async function agree(
  client: AnyClient,
  command: CommandShape,
  input: Input,
  call: object,
  options: Options,
): Promise<Input> {
  if (options['yes'] === true) return input;
  if (!isTerminal()) throw new Ending(REFUSED, 'This moves money. Without a terminal it needs --yes.');
  const price = command.flags.includes('d')
    ? priceOf((await client.call(command.id, input, { ...call, dryRun: true })) as Json)
    : null;
  const what = price === null ? command.summary : `${command.summary}: ${price} USD`;
  const answer = await ask(`${what}. Go on? [y/N] `);
  if (!/^y(es)?$/i.test(answer)) throw new Ending(REFUSED, 'Nothing was done.');
  const takes = (name: string): boolean => command.fields.some((field) => field.name === name);
  const body = (input.body ?? {}) as Json;
  const hasConsent = body['max_price_usd'] !== undefined || body['expected_price_usd'] !== undefined;
  if (price === null || hasConsent || body['quote_id'] !== undefined) return input;
  if (takes('max_price_usd')) return { ...input, body: { ...body, max_price_usd: price } };
  if (takes('max_total_usd') && body['max_total_usd'] === undefined)
    return { ...input, body: { ...body, max_total_usd: price } };
  return input;
}

function priceOf(rehearsed: Json): string | null {
  const own = rehearsed['price_usd'] ?? rehearsed['total_usd'];
  if (typeof own === 'string') return own;
  if (!Array.isArray(rehearsed['items'])) return null;
  const prices = (rehearsed['items'] as Json[]).map((item) => priceOf((item['result'] ?? item) as Json));
  const known = prices.filter((price) => price !== null);
  return known.length === 0 ? null : usd.add(...known);
}
