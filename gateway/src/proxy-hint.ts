// Behind a proxy that is missing in the settings, all customers seem to come from one address: allow-lists fail, and
// customers share the limit of that address. The gateway notices several keys from one address that sends
// X-Forwarded-For, and logs this once.
import type { Log } from '@lumi/shared/runtime';

const KEYS_TELLING = 5;
const PEERS_MAX = 256;

export class ProxyHint {
  private readonly keysByPeer = new Map<string, Set<string>>();
  private isTold = false;

  constructor(private readonly log: Log) {}

  /** A valid key came from `peer` with X-Forwarded-For, and `peer` is not a trusted proxy. */
  note(peer: string, lineageId: string): void {
    if (this.isTold) return;
    const keys = this.keysByPeer.get(peer) ?? new Set();
    if (keys.size === 0 && this.keysByPeer.size >= PEERS_MAX) this.keysByPeer.clear();
    this.keysByPeer.set(peer, keys.add(lineageId));
    if (keys.size < KEYS_TELLING) return;
    this.isTold = true;
    this.keysByPeer.clear();
    this.log.warn(
      'keys of several customers come from one address with X-Forwarded-For, which is not believed: if a ' +
        'proxy of yours stands there, name it in TRUST_PROXY, or allow-lists and limits see its address ' +
        'instead of theirs',
      { peer },
    );
  }
}
