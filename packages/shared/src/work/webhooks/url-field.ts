// The field of an endpoint's URL. Where it leads is judged afterwards, because that asks name servers.
import { z } from 'zod';
import { CUSTOMER_URL_MAX } from '../../base/egress';

export const urlField = z
  .string()
  .min(1)
  .max(CUSTOMER_URL_MAX)
  .describe(
    'Where events are sent: `https` on port 443 or from 1024 on, without user and password, and with public ' +
      'addresses only. It is called with POST; redirects are not followed.',
  )
  .meta({ example: 'https://shop.example.com/lumi' });
