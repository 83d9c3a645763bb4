// The catalogue. The same for everybody, so it needs no account.
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { PRODUCTS } from '../catalog/products';
import { productExample, productSchema, viewProduct } from '../catalog/product-view';

export function listProducts(): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-products', method: 'GET', path: '/products', summary: 'List products', tag: 'Catalogue', scope: 'read', class: 'regular', reach: 'none',
      description: 'Everything that can be bought, with prices by period and quantity. `static` products are single addresses for a period; `traffic` products are gigabytes of a pool.',
      query: z.object({
        shape: z.enum(['static', 'traffic']).optional().describe('Only products of this shape.'),
        type: z.string().max(32).optional().describe('Only products of this type.'),
      }),
      responses: { 200: { description: 'The products.', schema: z.object({ items: z.array(productSchema) }), example: { items: [productExample] } } },
    }),
    ({ query }) => json(200, {
      items: PRODUCTS.filter((product) => (query.shape ?? product.shape) === product.shape && (query.type ?? product.type) === product.type).map(viewProduct),
    }),
  );
}
