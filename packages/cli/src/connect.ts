// Which product and which key a command uses, and the client for it.
import { LumiDomains, LumiHosting, LumiProxy, type LumiOptions } from '@lumi/client';
import { PRODUCTS, type Product } from './commands';
import type { Surroundings } from './config';
import { Ending, NOT_UNDERSTOOD } from './ending';
import { readProfiles, type Profile } from './profiles';

const PREFIXES: Readonly<Record<Product, string>> = {
  domains: 'lumi_domains_',
  vps: 'lumi_vps_',
  proxy: 'lumi_proxy_',
};
const CLIENTS = { domains: LumiDomains, vps: LumiHosting, proxy: LumiProxy };

interface CallOptions {
  readonly idempotencyKey?: string;
  readonly userId?: string;
  readonly dryRun?: boolean;
}
export interface Input {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}
export type Json = Readonly<Record<string, unknown>>;
interface Page {
  readonly items: readonly Json[];
  readonly next_cursor: string | null;
}
type Wait = (id: string, options?: { onProgress?: (state: Json) => void; timeoutMs?: number }) => Promise<Json>;

/** The client of any product, for operations that are known by their ids only. */
export interface AnyClient {
  call(
    id: string,
    input?: Input,
    options?: CallOptions,
  ): { withResponse(): Promise<{ data: unknown; status: number }> } & PromiseLike<unknown>;
  paginate(id: string, input?: Input, options?: CallOptions): { pages(): AsyncIterable<Page> };
  readonly operations: { readonly wait: Wait };
  readonly batches: { readonly wait: Wait };
  readonly events: {
    follow(options: {
      types?: readonly string[];
      consumer?: string;
      cursor?: string;
      since?: string;
      signal?: AbortSignal;
      onCursor?: (cursor: string) => void;
      onGap?: () => void;
    }): AsyncIterable<Json>;
  };
}

export function productOfKey(key: string): Product | null {
  return PRODUCTS.find((product) => key.startsWith(PREFIXES[product])) ?? null;
}

/** The profile of a command that these products have: the surroundings first, then the last login. */
export function chooseProfile(
  { apiKey, apiUrl, signing, signingSecret, profile, folder }: Surroundings,
  having: readonly Product[],
  named: string | undefined = profile,
): Profile {
  const profiles = readProfiles(folder);
  if (named !== undefined) {
    const found = profiles.find(({ name }) => name === named);
    if (found === undefined) throw new Ending(NOT_UNDERSTOOD, `There is no profile ${named}: see lumi profiles.`);
    return found;
  }
  const [last] = profiles;
  if (apiKey === undefined) {
    const ofTheInstallation = profiles.filter(({ url }) => url === (apiUrl ?? last?.url));
    const found = ofTheInstallation.find(({ product }) => having.includes(product));
    if (found !== undefined) return found;
    const wanted = having.length === PRODUCTS.length ? '' : ` of ${having.join(' or ')}`;
    throw new Ending(NOT_UNDERSTOOD, `There is no key${wanted}: run lumi login, or set LUMI_API_KEY and LUMI_API_URL.`);
  }
  const product = productOfKey(apiKey);
  const url = apiUrl ?? last?.url;
  if (product === null) throw new Ending(NOT_UNDERSTOOD, 'LUMI_API_KEY is not a key of Lumi.');
  if (url === undefined) throw new Ending(NOT_UNDERSTOOD, 'Set LUMI_API_URL to the address of the gateway.');
  if (!having.includes(product))
    throw new Ending(NOT_UNDERSTOOD, `The key is one of ${product}, and this command is one of ${having.join(', ')}.`);
  return {
    name: 'environment',
    product,
    url,
    key: apiKey,
    ...(signing === undefined ? {} : { signing: signing as 'v1' }),
    ...(signingSecret === undefined ? {} : { signingSecret }),
  };
}

export function connect({ product, url, key, signing, signingSecret }: Profile): AnyClient {
  const options: LumiOptions = {
    apiKey: key,
    baseUrl: url,
    ...(signing === undefined ? {} : { signing }),
    ...(signingSecret === undefined ? {} : { signingSecret }),
  };
  return new CLIENTS[product](options) as unknown as AnyClient;
}
