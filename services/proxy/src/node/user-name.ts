// The user name of a client carries options after the name of the login: `base-country-de-session-ab12-ttl-600`.

/** What the client asks of the exit. */
export interface Wish {
  /** Upper case, as in the list of exits. */
  readonly country: string | null;
  readonly region: string | null;
  readonly city: string | null;
  readonly asn: string | null;
  readonly zip: string | null;
  readonly session: string | null;
  readonly ttlS: number;
  /** The session fails if its exit is lost. */
  readonly isStrict: boolean;
}

const TTL_DEFAULT_S = 600;
const TTL_MAX_S = 86_400;
export const NO_WISH: Wish = {
  country: null,
  region: null,
  city: null,
  asn: null,
  zip: null,
  session: null,
  ttlS: TTL_DEFAULT_S,
  isStrict: false,
};
const NAME_MAX = 255;
const BASE = /^[A-Za-z][A-Za-z0-9_]{2,31}$/;
const VALUES: Readonly<Record<string, RegExp>> = {
  country: /^[a-z]{2}$/i,
  region: /^[a-z0-9_-]{1,64}$/i,
  city: /^[a-z0-9_-]{1,64}$/i,
  asn: /^(as)?[1-9]\d{0,9}$/i,
  zip: /^[a-z0-9-]{2,10}$/i,
  session: /^[A-Za-z0-9_]{1,64}$/,
  ttl: /^[1-9]\d{0,5}$/,
  strict: /^1$/,
};
/** The only values that may contain a hyphen. */
const LONG_VALUES: ReadonlySet<string> = new Set(['region', 'city', 'zip']);

/** Null: it cannot be read. */
export function readUserName(text: string): { readonly base: string; readonly wish: Wish } | null {
  if (text.length > NAME_MAX) return null;
  if (BASE.test(text)) return { base: text, wish: NO_WISH };
  const [base = '', ...words] = text.split('-');
  const options = BASE.test(base) ? readOptions(words) : null;
  if (options === null) return null;
  const ttlS = Number(options.get('ttl') ?? TTL_DEFAULT_S);
  const hasSession = options.has('session');
  if (ttlS > TTL_MAX_S || (!hasSession && (options.has('ttl') || options.has('strict')))) return null;
  return {
    base,
    wish: {
      country: options.get('country')?.toUpperCase() ?? null,
      region: options.get('region')?.toLowerCase() ?? null,
      city: options.get('city')?.toLowerCase() ?? null,
      asn: options.get('asn')?.toLowerCase().replace('as', '') ?? null,
      zip: options.get('zip')?.toLowerCase() ?? null,
      session: options.get('session') ?? null,
      ttlS,
      isStrict: options.has('strict'),
    },
  };
}

function readOptions(words: readonly string[]): ReadonlyMap<string, string> | null {
  const options = new Map<string, string>();
  for (let at = 0; at < words.length;) {
    const key = words[at] ?? '';
    const form = Object.hasOwn(VALUES, key) ? VALUES[key] : undefined;
    if (form === undefined || options.has(key)) return null;
    const from = at + 1;
    at = from + 1;
    if (LONG_VALUES.has(key)) while (at < words.length && !Object.hasOwn(VALUES, words[at] ?? '')) at += 1;
    const value = words.slice(from, at).join('-');
    if (!form.test(value)) return null;
    options.set(key, value);
  }
  return options;
}
