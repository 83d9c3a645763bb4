// Path parameters of endpoints and deliveries.
import { z } from 'zod';

const id = z.string().max(64).describe('The id of the endpoint.').meta({ example: 'whk_01k000000000000000000000' });

export const webhookParams = z.object({ id });

export const deliveryParams = z.object({
  id,
  delivery_id: z.string().max(64).describe('The id of the delivery.').meta({ example: 'dlv_01k000000000000000000000' }),
});
