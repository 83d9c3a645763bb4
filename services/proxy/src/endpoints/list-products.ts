// The catalogue. It is the same for all accounts, so the request names none.
import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { pageOfWhole } from '@lumi/shared/listing';
import { PRODUCTS } from '../catalogue/products';
import { productExample, productSchema, viewProduct } from '../catalogue/product-view';
import type { ProxyDeps } from '../deps';

export function listProducts(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-products',
      method: 'GET',
      path: '/products',
      summary: 'List products',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      description:
        'Everything that can be bought, with prices by period and quantity. `static` products are single ' +
        'addresses for a period; `traffic` products are gigabytes of a pool.',
      query: pageQuery.extend({
        shape: z.enum(['static', 'traffic']).optional().describe('Only products of this shape.'),
        type: z.string().max(32).optional().describe('Only products of this type.'),
      }),
      responses: {
        200: {
          description: 'A page of products.',
          schema: pageOf(productSchema),
          example: { items: [productExample], next_cursor: null, has_more: false },
        },
      },
    }),
    ({ query }) => {
      const shown = PRODUCTS.filter(
        (product) => (query.shape ?? product.shape) === product.shape && (query.type ?? product.type) === product.type,
      );
      return json(
        200,
        pageOfWhole(shown, {
          route: 'list-products',
          query,
          cursors: deps.service.cursors,
          key: ({ id }) => id,
          view: viewProduct,
        }),
      );
    },
  );
}
