// The sessions of clients at this node: which exit each has, and until when. If there are too many, the one that was
// not used for the longest time goes. A customer who has too many loses own ones, not those of others.
import type { Right } from './rights';

export interface ChosenExit {
  /** To dial from. */
  readonly address: string;
  readonly country: string;
}

export interface ExitSession {
  /** Of the pool: an address, or the block that holds the exit's address. */
  readonly entry: string;
  readonly exit: ChosenExit;
  readonly untilMs: number;
}

export const SESSIONS_MAX = 100_000;
/** Of an account: its plans and sub-users together. */
export const SESSIONS_OF_ACCOUNT_MAX = 20_000;
/** Of one plan or sub-user. */
export const SESSIONS_OF_SUBJECT_MAX = 10_000;

type Owner = Pick<Right, 'subject' | 'accountId'>;
type Kept = ExitSession & { readonly groups: readonly string[] };

export class ExitSessions {
  private readonly sessions = new Map<string, Kept>();
  /** The keys of each subject's and each account's sessions. What was used last is last. */
  private readonly groups = new Map<string, Set<string>>();

  get size(): number {
    return this.sessions.size;
  }

  get(key: string): ExitSession | undefined {
    return this.sessions.get(key);
  }

  keep(key: string, { entry, exit, untilMs }: ExitSession, { subject, accountId }: Owner): void {
    this.remove(key);
    const groups = [`subject ${subject}`, `account ${accountId}`];
    this.sessions.set(key, { entry, exit, untilMs, groups });
    for (const name of groups) {
      const group = this.groups.get(name);
      if (group === undefined) this.groups.set(name, new Set([key]));
      else group.add(key);
    }
    const [ofSubject, ofAccount] = groups.map((name) => this.groups.get(name));
    if ((ofSubject?.size ?? 0) > SESSIONS_OF_SUBJECT_MAX) this.removeOldest(ofSubject);
    if ((ofAccount?.size ?? 0) > SESSIONS_OF_ACCOUNT_MAX) this.removeOldest(ofAccount);
    if (this.sessions.size > SESSIONS_MAX) this.removeOldest(this.sessions);
  }

  private removeOldest(of: Pick<Set<string>, 'keys'> | undefined): void {
    for (const key of of?.keys() ?? []) return this.remove(key);
  }

  private remove(key: string): void {
    const groups = this.sessions.get(key)?.groups ?? [];
    this.sessions.delete(key);
    for (const name of groups) {
      const group = this.groups.get(name);
      group?.delete(key);
      if (group?.size === 0) this.groups.delete(name);
    }
  }
}
