// `lumi deposit 25 --wait`: makes an invoice, shows where to pay, waits for the money.
import { ask, isTerminal } from './ask';
import type { AnyClient, Json } from './connect';
import { DONE, Ending, REFUSED, STILL_RUNNING } from './ending';
import type { Options } from './input';
import { print, secondsOf } from './run-operation';

const OPEN = new Set(['created', 'pending', 'confirming', 'paid']);
const HELD_S = 30;
const DEFAULT_S = 900;

export async function deposit(client: AnyClient, amount: string, options: Options): Promise<number> {
  const provider = typeof options['provider'] === 'string' ? options['provider'] : await firstProvider(client);
  if (options['yes'] !== true) {
    if (!isTerminal()) throw new Ending(REFUSED, 'This moves money. Without a terminal it needs --yes.');
    const answer = await ask(`A deposit of ${amount} USD through ${provider}. Go on? [y/N] `);
    if (!/^y(es)?$/i.test(answer)) throw new Ending(REFUSED, 'Nothing was done.');
  }
  const made = (await client.call('create-deposit', { body: { amount_usd: amount, provider } })) as Json;
  if (options['wait'] !== true) return print(made, options, OPEN.has(String(made['status'])) ? STILL_RUNNING : DONE);
  if (typeof made['pay_url'] === 'string') process.stderr.write(`Pay here: ${made['pay_url']}\n`);
  return waitForMoney(client, made, options);
}

export async function waitForMoney(client: AnyClient, made: Json, options: Options): Promise<number> {
  const endsAt = Date.now() + (options['timeout'] === undefined ? DEFAULT_S : secondsOf(options['timeout'])) * 1_000;
  let now = made;
  while (OPEN.has(String(now['status']))) {
    const left = Math.floor((endsAt - Date.now()) / 1_000);
    if (left <= 0) return print(now, options, STILL_RUNNING);
    const input = { path: { id: String(made['id']) }, query: { wait: Math.min(HELD_S, left) } };
    const askedAt = Date.now();
    now = (await client.call('get-deposit', input)) as Json;
    // A server that does not hold the request back is not asked more than once a second.
    if (OPEN.has(String(now['status'])) && Date.now() - askedAt < 1_000)
      await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return print(now, options, now['status'] === 'credited' ? DONE : REFUSED);
}

async function firstProvider(client: AnyClient): Promise<string> {
  const { items } = (await client.call('list-deposit-providers')) as {
    items: { provider: string; enabled: boolean }[];
  };
  const found = items.find(({ enabled }) => enabled);
  if (found === undefined) throw new Ending(REFUSED, 'There is no payment provider.');
  return found.provider;
}
