// The common part of both traffic purchases: a new plan, and more gigabytes for a plan.
import { SELLING } from '@lumi/shared/purchase';
import { z } from 'zod';
import { gbField, labelField } from './fields';

export const BUY_TRAFFIC_ROUTE = {
  tag: 'Traffic',
  ...SELLING,
} as const;

export const trafficBody = z.object({
  pool: z.string().max(32).describe('A product of shape `traffic`.').meta({ example: 'residential' }),
  gb: gbField,
  label: labelField.optional(),
});
