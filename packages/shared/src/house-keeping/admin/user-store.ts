// Accounts as operators see them. A function of the database makes an account and its wallet together.
import { z } from 'zod';
import { newId } from '../../ground/contract';
import type { Queryable } from '../../base/keys';
import type { Units } from '../../ground/money';
import type { Clock } from '../../ground/runtime';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly posted: Units;
  readonly held: Units;
}

/** Shown in lists and logs. It has no control characters, so that it stays on one line. */
export const userName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')
  .describe('A name for people; it need not be unique.');

/** Returns the id. Two calls make two accounts. */
export async function createAccount(db: Queryable, clock: Clock, name: string): Promise<string> {
  const id = newId('usr', clock.nowMs());
  await db.query('SELECT platform.create_account($1, $2)::text', [id, name]);
  return id;
}

export async function findUser(db: Queryable, id: string): Promise<User | null> {
  const { rows } = await db.query(`${USERS} WHERE a.id = $1`, [id]);
  return rows.length === 0 ? null : userOfRow(rows[0]);
}

/** Newest first; reads one row more than `limit`. Ids are in order of creation. */
export async function listUsers(db: Queryable, page: { limit: number; beforeId: string | null }): Promise<User[]> {
  const { rows } = await db.query(`${USERS} WHERE $1::text IS NULL OR a.id < $1 ORDER BY a.id DESC LIMIT $2`, [
    page.beforeId,
    page.limit + 1,
  ]);
  return rows.map(userOfRow);
}

const USERS = `SELECT a.id, a.name, a.created_at, w.posted::text, w.held::text FROM platform.account a
  JOIN platform.wallet w ON w.account_id = a.id`;

function userOfRow(raw: unknown): User {
  // the columns of USERS
  const row = raw as { id: string; name: string; created_at: Date; posted: string; held: string };
  return { id: row.id, name: row.name, createdAt: row.created_at, posted: BigInt(row.posted), held: BigInt(row.held) };
}
