import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { countryField } from '@lumi/shared/countries';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { pageOfWhole } from '@lumi/shared/listing';
import { listLocations as readLocations, type Location } from '../catalogue/catalogue';
import type { VpsDeps } from '../deps';

const locationSchema = z
  .object({
    id: z.string().describe('What `locations` of a purchase takes.'),
    name: z.string(),
    country: z.string().describe('ISO 3166-1 alpha-2.'),
    city: z.string(),
    features: z.array(z.string()),
    looking_glass: z.string().nullable().describe('A page to test routes from, where there is one.'),
    test_ipv4: z.string().nullable().describe('An address that answers pings.'),
  })
  .meta({ id: 'Location' });

const example = {
  id: 'ams',
  name: 'Amsterdam 1',
  country: 'NL',
  city: 'Amsterdam',
  features: ['snapshots', 'ipv6', 'rdns'],
  looking_glass: null,
  test_ipv4: '192.0.2.10',
};

export function listLocations({ db, service }: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-locations',
      method: 'GET',
      path: '/locations',
      summary: 'List locations',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      description: 'The possible locations of servers. `GET /plans` shows the stock of each plan.',
      query: pageQuery.extend({ country: countryField().optional().describe('Only locations in this country.') }),
      responses: {
        200: {
          description: 'A page of locations.',
          schema: pageOf(locationSchema),
          example: { items: [example], next_cursor: null, has_more: false },
        },
      },
    }),
    async ({ query }) => {
      const all = await readLocations(db);
      const shown = all.filter((location) => query.country === undefined || location.country === query.country);
      return json(
        200,
        pageOfWhole(shown, { route: 'list-locations', query, cursors: service.cursors, key: ({ id }) => id, view }),
      );
    },
  );
}

function view(location: Location): z.output<typeof locationSchema> {
  return {
    id: location.id,
    name: location.name,
    country: location.country,
    city: location.city,
    features: [...location.features],
    looking_glass: location.lookingGlass,
    test_ipv4: location.testIpv4,
  };
}
