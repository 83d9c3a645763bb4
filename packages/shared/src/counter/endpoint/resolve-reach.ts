// The rows that a request may see.
import { invalid, notFound, type RouteSpec } from '../../ground/contract';
import { sql, type SqlRunner } from '../../base/db';
import type { Principal } from '../../base/principal';
import type { Reach } from './context';

export async function resolveReach(
  route: RouteSpec,
  principal: Principal,
  userId: string | undefined,
  accounts: AccountDirectory,
): Promise<Reach> {
  if (principal.type === 'public') return { kind: 'all' };
  if (principal.type === 'reseller') {
    const own = principal.accountId;
    if (own === null || (userId !== undefined && userId !== own)) throw notFound();
    return { kind: 'account', accountId: own };
  }
  if (userId !== undefined) {
    if (!(await accounts.has(userId))) throw notFound();
    return { kind: 'account', accountId: userId };
  }
  if (route.class === 'money' && route.reach === 'account') throw invalid('user_id', 'is required for operator keys');
  return { kind: 'all' };
}

/** Which accounts exist. Accounts are never deleted, so a known one is cached. */
export class AccountDirectory {
  private readonly known = new Set<string>();
  private static readonly MAX = 100_000;

  constructor(private readonly db: SqlRunner) {}

  async has(id: string): Promise<boolean> {
    if (this.known.has(id)) return true;
    // Raw SQL: it stands before every purchase of an operator, so it runs prepared on the pool (decision 0005).
    const rows = await this.db.$queryRaw<unknown[]>(sql`SELECT 1 FROM platform.account WHERE id = ${id}`);
    if (rows.length === 0) return false;
    if (this.known.size >= AccountDirectory.MAX) this.known.clear();
    this.known.add(id);
    return true;
  }
}
