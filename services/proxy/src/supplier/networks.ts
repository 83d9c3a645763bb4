// The registry of proxy networks. What is sold goes to the network of its product; what was sold stays with the network
// of its row. No other file asks which network it is.
import { AppError } from '@lumi/shared/contract';
import { countedSupplier } from '@lumi/shared/monitoring';
import type { NetworkName, ProxyNetwork } from './proxy-network';

/** A product without a network of its own, and an order or operation that began before there was a choice. */
const FIRST: NetworkName = 'sandbox';

const RETRY_AFTER_S = 60;

export type NetworkOfProduct = ReadonlyMap<string, NetworkName>;

/** What an order or operation keeps. Absent: it began before there was a choice. */
export interface AtNetwork {
  readonly network?: NetworkName | undefined;
}

export class Networks {
  private readonly byName: ReadonlyMap<NetworkName, ProxyNetwork>;

  constructor(
    networks: ReadonlyMap<NetworkName, ProxyNetwork>,
    private readonly ofProducts: NetworkOfProduct,
  ) {
    this.byName = new Map([...networks].map(([name, one]) => [name, countedSupplier('proxy', name, one)]));
  }

  get names(): readonly NetworkName[] {
    return [...this.byName.keys()];
  }

  /** Throws when it is not set up: an order at it is unknown, and nothing is sent to another network. */
  get(name: NetworkName): ProxyNetwork {
    const found = this.byName.get(name);
    if (found !== undefined) return found;
    const cause = new Error(`the network ${name} is not set up`);
    throw new AppError('service_unavailable', undefined, { retryAfterS: RETRY_AFTER_S, cause });
  }

  /** Where an order or an operation was begun. */
  at(item: AtNetwork): ProxyNetwork {
    return this.get(networkOf(item));
  }

  /** Where new ones of this product come from. */
  forProduct(productId: string): ProxyNetwork {
    return this.get(this.nameForProduct(productId));
  }

  nameForProduct(productId: string): NetworkName {
    return this.ofProducts.get(productId) ?? FIRST;
  }

  /** A round at each network. One that fails holds up no other; its error is thrown in the end. */
  async each(round: (network: ProxyNetwork, name: NetworkName) => Promise<boolean>): Promise<boolean> {
    return (await atOnce([...this.byName], ([name, network]) => round(network, name))).includes(true);
  }

  /** These rows, at the network of each. As with `each`. */
  async ofRows<R extends { readonly network: NetworkName }, T>(
    rows: readonly R[],
    work: (network: ProxyNetwork, rows: readonly R[]) => Promise<T>,
  ): Promise<readonly T[]> {
    return atOnce([...new Set(rows.map((row) => row.network))], (name) =>
      work(
        this.get(name),
        rows.filter((row) => row.network === name),
      ),
    );
  }
}

export function networkOf({ network }: AtNetwork): NetworkName {
  return network ?? FIRST;
}

async function atOnce<A, T>(all: readonly A[], work: (one: A) => Promise<T>): Promise<readonly T[]> {
  const ended = await Promise.allSettled(all.map(async (one) => work(one)));
  return ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}
