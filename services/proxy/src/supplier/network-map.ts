// The setting that says which network each product comes from: `ipv4=own,isp=upstream`.
import type { Reading } from '@lumi/shared/contract';
import { findProduct, PRODUCTS } from '../catalogue/products';
import type { NetworkOfProduct } from './networks';
import { NETWORK_NAMES, type NetworkName } from './proxy-network';

const PAIR = /^\s*([^=\s]+)\s*=\s*([^=\s]+)\s*$/;
const SHAPE = 'must look like ipv4=sandbox,isp=sandbox (a product, an equals sign, its network)';

/** Why nothing of a network may be sold: it could not be used. Those without a reason carry traffic. */
const NOT_FOR_SALE: Readonly<Partial<Record<NetworkName, string>>> = {
  upstream: 'nodes do not pass traffic on to a supplier yet',
};

export function readNetworkMap(text: string): Reading<NetworkOfProduct> {
  const map = new Map<string, NetworkName>();
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const [, productId, name] = PAIR.exec(part) ?? [];
    if (productId === undefined) return { reason: SHAPE };
    if (findProduct(productId) === null)
      return {
        reason: `names ${productId}, which is no product; choose of ${PRODUCTS.map(({ id }) => id).join(', ')}`,
      };
    if (map.has(productId)) return { reason: `names ${productId} twice` };
    const network = NETWORK_NAMES.find((one) => one === name);
    if (network === undefined)
      return { reason: `gives ${productId} a network that does not exist; choose of ${NETWORK_NAMES.join(', ')}` };
    const reason = NOT_FOR_SALE[network];
    if (reason !== undefined) return { reason: `gives ${productId} to ${network}, which cannot be sold: ${reason}` };
    map.set(productId, network);
  }
  return { value: map };
}
