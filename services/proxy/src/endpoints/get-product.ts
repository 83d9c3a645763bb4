// One product of the catalogue.
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { findProduct } from '../catalogue/products';
import { productExample, productSchema, viewProduct } from '../catalogue/product-view';

export function getProduct(): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-product',
      method: 'GET',
      path: '/products/{id}',
      summary: 'Get a product',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      description: 'One product with its prices and rules.',
      params: z.object({ id: z.string().max(32).describe('Id of the product.').meta({ example: 'ipv4' }) }),
      responses: { 200: { description: 'The product.', schema: productSchema, example: productExample } },
    }),
    ({ params }) => {
      const product = findProduct(params.id);
      if (product === null) throw notFound();
      return json(200, viewProduct(product));
    },
  );
}
