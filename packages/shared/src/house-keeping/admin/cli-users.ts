// `lumi users …`
import { invalid, notFound } from '../../ground/contract';
import { adjustWallet } from '../../base/ledger';
import { formatUsd, parseUsd } from '../../ground/money';
import { adjustmentAct, adjustmentAmount, adjustmentReason } from './adjust-user';
import { byCli, Usage, parse, table, wholeNumber, type Command, type CommandDeps } from './cli-command';
import { createAccount, findUser, listUsers, userName } from './user-store';
import { viewUser, type UserView } from './user-view';

const LIST_MAX = 100;

export const createCommand: Command = {
  words: ['users', 'create'],
  usage: 'users create <name>',
  summary: 'Creates an account with an empty balance and prints its id.',
  parse: (args) => {
    const name = userName.safeParse(parse(args, { positionals: ['name'] }).positionals[0]);
    if (!name.success) throw new Usage(`the name ${name.error.issues[0]?.message ?? 'is not valid'}.`);
    return async ({ db, clock }) => {
      const id = await byCli(
        db,
        (tx) => createAccount(tx, clock, name.data),
        (made) => ({ action: 'user.create', subject: made, accountId: made, before: null, after: { name: name.data } }),
      );
      return { json: { user_id: id }, text: id };
    };
  },
};

export const usersCommand: Command = {
  words: ['users', 'list'],
  usage: 'users list [--limit <n>]',
  summary: `Lists the newest accounts, ${String(LIST_MAX)} by default.`,
  parse: (args) => {
    const limit =
      wholeNumber('limit', parse(args, { positionals: [], options: ['limit'] }).options['limit']) ?? LIST_MAX;
    return async ({ db }) => {
      const users = (await listUsers(db.pool, { limit, beforeId: null })).slice(0, limit).map(viewUser);
      return { json: { items: users }, text: usersTable(users) };
    };
  },
};

export const showCommand: Command = {
  words: ['users', 'show'],
  usage: 'users show <user_id>',
  summary: 'Shows one account with its balance.',
  parse: (args) => {
    const [id = ''] = parse(args, { positionals: ['user_id'] }).positionals;
    return async ({ db }) => {
      const user = await existing(db, id);
      return { json: user, text: usersTable([user]) };
    };
  },
};

export const adjustCommand: Command = {
  words: ['users', 'adjust'],
  usage: 'users adjust <user_id> <amount_usd> <reason>',
  summary: 'Adds to a balance, or takes from it when the amount is negative. Each run posts once.',
  parse: (args) => {
    const [id = '', amountText, reasonText] = parse(args, {
      positionals: ['user_id', 'amount_usd', 'reason'],
    }).positionals;
    const [amount, reason] = [adjustmentAmount.safeParse(amountText), adjustmentReason.safeParse(reasonText)];
    if (!amount.success) throw new Usage(`the amount ${amount.error.issues[0]?.message ?? 'is not valid'}.`);
    if (!reason.success) throw new Usage(`the reason ${reason.error.issues[0]?.message ?? 'is not valid'}.`);
    return async ({ db, clock }) => {
      await existing(db, id);
      const wanted = {
        accountId: id,
        amount: parseUsd(amount.data),
        reason: reason.data,
        product: null,
        keyId: null,
        idempotencyKey: null,
      };
      const { transferId, balance } = await byCli(
        db,
        (_db, tx) => adjustWallet(tx, clock, wanted),
        (adjusted) => adjustmentAct(id, wanted.amount, wanted.reason, adjusted),
      );
      const json = {
        transaction_id: transferId,
        user_id: id,
        amount_usd: formatUsd(wanted.amount),
        balance_usd: formatUsd(balance),
      };
      return {
        json,
        text: `${json.transaction_id}: ${json.amount_usd} USD, the balance is now ${json.balance_usd} USD`,
      };
    };
  },
};

/** The id of an existing account. Throws 422 for a malformed id, 404 for an unknown one. */
export async function existing(db: CommandDeps['db'], id: string): Promise<UserView> {
  if (!id.startsWith('usr_'))
    throw invalid('user_id', 'is the id of an account, such as usr_01k…; see lumi users list');
  const user = await findUser(db.pool, id);
  if (user === null) throw notFound();
  return viewUser(user);
}

function usersTable(users: readonly UserView[]): string {
  return table(
    ['USER', 'BALANCE', 'HELD', 'CREATED', 'NAME'],
    users.map((user) => [user.id, user.balance_usd, user.held_usd, user.created_at, user.name]),
  );
}
