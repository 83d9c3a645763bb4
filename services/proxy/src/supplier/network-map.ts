// The setting that says which network each product comes from: `ipv4=own,isp=upstream`.
import type { Reading } from '@lumi/shared/contract';
import { findProduct, PRODUCTS } from '../catalogue/products';
import type { NetworkOfProduct } from './networks';
import { NETWORK_NAMES, type NetworkName } from './proxy-network';
import { upstreamKindOf } from './upstream/kinds';

const PAIR = /^\s*([^=\s]+)\s*=\s*([^=\s]+)\s*$/;
const SHAPE = 'must look like ipv4=sandbox,isp=sandbox (a product, an equals sign, its network)';

const UPSTREAM_PRODUCTS = PRODUCTS.flatMap(({ id }) => (upstreamKindOf(id) === null ? [] : [id])).join(', ');

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
    if (network === 'upstream' && upstreamKindOf(productId) === null)
      return { reason: `gives ${productId} to upstream, which sells no such thing; choose of ${UPSTREAM_PRODUCTS}` };
    map.set(productId, network);
  }
  return { value: map };
}
