// The parts of paths below a zone.
import { z } from 'zod';
import { zoneParams } from './own-zone';

export const recordParams = zoneParams.extend({
  id: z.string().min(1).max(64).meta({ example: 'rec_01k000000000000000000000' }),
});

export const setParams = zoneParams.extend({
  name: z.string().min(1).max(1024).describe('Relative to the zone; `@` is the zone itself.').meta({ example: 'www' }),
  type: z.string().min(1).max(16).describe('The type of the records.').meta({ example: 'A' }),
});

export const snapshotParams = zoneParams.extend({
  id: z.string().min(1).max(64).meta({ example: 'ver_01k000000000000000000000' }),
});
