import { z } from 'zod';
import { defineRoute, invalid, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { pageOfWhole } from '@lumi/shared/listing';
import { isoSeconds } from '@lumi/shared/runtime';
import { findPlan, fits, listImages as readImages, type Image } from '../catalogue/catalogue';
import type { VpsDeps } from '../deps';

const imageSchema = z
  .object({
    id: z.string().describe('What `image_id` of a purchase takes.'),
    name: z.string(),
    os: z.string(),
    version: z.string(),
    arch: z.enum(['x86_64', 'arm64']),
    min_disk_gb: z.int(),
    min_ram_mb: z.int(),
    cloud_init: z.boolean().describe('Whether it takes SSH keys and `user_data`.'),
    default_user: z.string(),
    deprecated_at: z.string().nullable().describe('Set: not offered for new servers.'),
  })
  .meta({ id: 'Image' });

const example = {
  id: 'debian-13',
  name: 'Debian 13',
  os: 'debian',
  version: '13',
  arch: 'x86_64',
  min_disk_gb: 5,
  min_ram_mb: 512,
  cloud_init: true,
  default_user: 'root',
  deprecated_at: null,
};

export function listImages({ db, service }: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-images',
      method: 'GET',
      path: '/images',
      summary: 'List images',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      description: 'Operating systems a server can be created or rebuilt with.',
      query: pageQuery.extend({
        plan_id: z.string().max(32).optional().describe('Only images that run on this plan.'),
        arch: z.enum(['x86_64', 'arm64']).optional().describe('Only images for this architecture.'),
        os: z.string().max(32).optional().describe('Only this system, for example `debian`.'),
      }),
      responses: {
        200: {
          description: 'A page of images.',
          schema: pageOf(imageSchema),
          example: { items: [example], next_cursor: null, has_more: false },
        },
      },
    }),
    async ({ query }) => {
      const plan = query.plan_id === undefined ? null : await findPlan(service.db.platform, query.plan_id);
      if (query.plan_id !== undefined && plan === null) throw invalid('plan_id', 'is not a plan; see GET /plans');
      const shown = (await readImages(db)).filter(
        (image) =>
          (plan === null || fits(image, plan)) &&
          (query.arch === undefined || image.arch === query.arch) &&
          (query.os === undefined || image.os === query.os),
      );
      return json(
        200,
        pageOfWhole(shown, { route: 'list-images', query, cursors: service.cursors, key: ({ id }) => id, view }),
      );
    },
  );
}

function view(image: Image): z.output<typeof imageSchema> {
  return {
    id: image.id,
    name: image.name,
    os: image.os,
    version: image.version,
    arch: image.arch as 'x86_64' | 'arm64', // ensured by a check constraint of the table
    min_disk_gb: image.minDiskGb,
    min_ram_mb: image.minRamMb,
    cloud_init: image.cloudInit,
    default_user: image.defaultUser,
    deprecated_at: image.deprecatedAt === null ? null : isoSeconds(image.deprecatedAt),
  };
}
