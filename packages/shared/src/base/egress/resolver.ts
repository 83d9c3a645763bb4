// Addresses of a name, asked of name servers by c-ares: no thread of Node's pool, no hosts file, no search domains.
// Answers are kept for their TTL, at most a minute. Several who ask for a name at once share one question.
import { Resolver as CaresResolver } from 'node:dns/promises';
import { elapsedMs } from '../../ground/runtime';

export type Family = 4 | 6;

/** `none`: the name exists without such an address; `dns`: there is no such name, or no usable answer. */
export type Answer = { readonly addresses: readonly string[] } | { readonly failure: 'none' | 'dns' | 'dns_timeout' };

export interface Resolver {
  addresses(name: string, family: Family): Promise<Answer>;
}

export interface ResolverOptions {
  /** `9.9.9.9`, `[2620:fe::fe]:53`; none: the machine's own name servers. */
  readonly servers?: readonly string[];
  readonly nowMs?: () => number;
}

const TIMEOUT_MS = 2_000;
const TRIES = 2;
const TTL_MAX_S = 60;
const NAMES_MAX = 10_000;
/** How long it is believed that a name has no address. A time-out is not kept. */
const ABSENT_MS = 5_000;
const LOOPBACK = /(^|\.)localhost$/;

interface Kept {
  readonly answer: Promise<Answer>;
  /** Infinite while the question is open. */
  untilMs: number;
}

export function openResolver({ servers = [], nowMs = elapsedMs }: ResolverOptions = {}): Resolver {
  const cares = new CaresResolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) cares.setServers(servers);
  const kept = new Map<string, Kept>();

  const ask = async (name: string, family: Family): Promise<{ readonly answer: Answer; readonly keepMs: number }> => {
    try {
      const records = await (family === 4 ? cares.resolve4(name, { ttl: true }) : cares.resolve6(name, { ttl: true }));
      const ttl = Math.min(TTL_MAX_S, ...records.map((record) => record.ttl));
      if (records.length === 0) return { answer: { failure: 'none' }, keepMs: ABSENT_MS };
      return { answer: { addresses: records.map(({ address }) => address) }, keepMs: ttl * 1_000 };
    } catch (err) {
      return failed((err as NodeJS.ErrnoException).code);
    }
  };

  return {
    addresses: (name, family) => {
      // RFC 6761, section 6.3: it is this machine, and no name server is asked.
      if (LOOPBACK.test(name))
        return Promise.resolve(family === 4 ? { addresses: ['127.0.0.1'] } : { failure: 'none' });
      const key = `${String(family)} ${name}`;
      const found = kept.get(key);
      if (found !== undefined && found.untilMs > nowMs()) return found.answer;
      kept.delete(key);
      const asked = ask(name, family);
      const entry: Kept = { answer: asked.then(({ answer }) => answer), untilMs: Number.POSITIVE_INFINITY };
      kept.set(key, entry);
      void asked.then(({ keepMs }) => {
        entry.untilMs = nowMs() + keepMs;
      });
      // A Map keeps its keys in the order in which they were added.
      const [oldest] = kept.keys();
      if (kept.size > NAMES_MAX && oldest !== undefined) kept.delete(oldest);
      return entry.answer;
    },
  };
}

function failed(code: string | undefined): { readonly answer: Answer; readonly keepMs: number } {
  if (code === 'ENODATA') return { answer: { failure: 'none' }, keepMs: ABSENT_MS };
  if (code === 'ENOTFOUND') return { answer: { failure: 'dns' }, keepMs: ABSENT_MS };
  return { answer: { failure: code === 'ETIMEOUT' ? 'dns_timeout' : 'dns' }, keepMs: 0 };
}
