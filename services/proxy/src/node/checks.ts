// Checks of proxies by the service itself. They take the way of a customer's connection, and are counted apart: nothing
// of them is billed, shown as use, or taken from what the customer may have open. So a login of a check opens little:
// one connection, to one target, with few bytes, for a few seconds.
import { counter } from '@lumi/shared/monitoring';
import { CheckKeys, digestOfTarget } from './check-login';
import type { Meter, Use, Way } from './meter';
import { Passages } from './passages';
import type { Grant, Rights } from './rights';
import type { Target } from '@lumi/shared/egress';

/** Of one check, both ways together. */
export const CHECK_BYTES_MAX = 65_536;
/** A login that ends later than this is of a wrong clock. */
const CHECK_MS_MAX = 60_000;
/** Of one proxy at the same time. */
const AT_ONCE = 4;
const LOGINS_MAX = 20_000;

const bytesCarried = counter('lumi_node_check_bytes_total', 'Bytes of the service’s own checks of proxies.', []);

interface CheckUse extends Use {
  left: number;
}

/** Nothing of it goes to the service. */
class CheckMeter implements Meter {
  use(subject: string, country: string, target: string): Use {
    const use: CheckUse = { subject, country, target, left: CHECK_BYTES_MAX, end: () => undefined };
    return use;
  }

  spend(use: Use, _: Way, bytes: number): number {
    const check = use as CheckUse; // made by `use`, there are no others
    const may = Math.min(bytes, check.left);
    check.left -= may;
    bytesCarried.of({}).add(may);
    return may;
  }

  isDry(): boolean {
    return false;
  }

  whenFilled(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

export class Checks {
  readonly meter: Meter = new CheckMeter();
  readonly passages: Passages;
  /** Logins that were taken, until their end. */
  private readonly taken = new Map<string, number>();

  constructor(
    private readonly rights: Rights,
    private readonly keys = new CheckKeys(),
  ) {
    this.passages = new Passages(rights, this.meter, { idleMs: CHECK_MS_MAX, halfClosedMs: CHECK_MS_MAX });
  }

  /** `port`: the entry. Null: it opens nothing there. */
  byLogin(port: number | null, pair: readonly [string, string]): Grant | null {
    const login = this.keys.read(pair);
    const right = login === null ? null : this.rights.get(login.subject);
    if (login === null || right === null || right.port !== port || !this.take(login)) return null;
    const { untilMs, target } = login;
    return { right: { ...right, isMetered: false, concurrency: AT_ONCE }, proof: { by: 'check', target, untilMs } };
  }

  isFor({ proof }: Grant, target: Target): boolean {
    return proof.by === 'check' && proof.target === digestOfTarget(target);
  }

  private take({ nonce, untilMs }: { readonly nonce: string; readonly untilMs: number }): boolean {
    const now = this.rights.nowMs();
    if (untilMs <= now || untilMs > now + CHECK_MS_MAX || this.taken.has(nonce)) return false;
    if (this.taken.size >= LOGINS_MAX) for (const [one, end] of this.taken) if (end <= now) this.taken.delete(one);
    if (this.taken.size >= LOGINS_MAX) return false;
    this.taken.set(nonce, untilMs);
    return true;
  }
}
