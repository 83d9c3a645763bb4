// The fields of an order of static proxies.
import { z } from 'zod';
import { invalid } from '@lumi/shared/contract';
import { autoRenewField } from '@lumi/shared/purchase';
import { allowedField, canonicalBlock, countryField, labelField, passwordField, usernameField } from './fields';

const ALLOWED_MAX = 20;
const COUNTRIES_MAX = 20;

export const orderBody = z.object({
  product_id: z.string().max(32).describe('A product of shape `static`.').meta({ example: 'ipv4' }),
  items: z
    .array(
      z.strictObject({
        country: countryField,
        region: z.string().max(64).optional().describe('A region or city of `/products/{id}/locations`.'),
        quantity: z.int().min(1).max(200),
      }),
    )
    .min(1)
    .max(COUNTRIES_MAX)
    .refine((items) => new Set(items.map((item) => item.country)).size === items.length, 'must name each country once')
    .describe('How many proxies of which country.'),
  period_days: z.int().min(1).max(365),
  protocol: z
    .enum(['http', 'socks5'])
    .optional()
    .describe('`http` if absent; both ports work whatever is chosen, it is what exports use.'),
  auth: z
    .strictObject({
      mode: z.enum(['userpass', 'ip', 'both']).optional(),
      username: usernameField.optional(),
      password: passwordField.optional(),
      ips: z.array(allowedField).max(ALLOWED_MAX).optional(),
    })
    .optional()
    .describe('`userpass` if absent; each proxy gets its own pair unless you give one for all.'),
  rotation: z
    .strictObject({
      interval_s: z.int().min(60).max(86_400).describe('Change the exit address on its own that often.'),
    })
    .optional()
    .describe('Only for products that rotate.'),
  partial: z
    .enum(['reject', 'accept'])
    .optional()
    .describe('`accept` takes what is there and pays for that alone; `reject` (default) takes all or nothing.'),
  subnet_diversity: z.boolean().optional().describe('No two proxies of the order in one subnet.'),
  auto_renew: autoRenewField,
  label: labelField.optional(),
});

export type OrderWish = z.output<typeof orderBody>;

/** Throws 422. */
export function allowedBlocks(wish: Pick<OrderWish, 'auth'>, clientIp: string | null): string[] {
  const blocks = (wish.auth?.ips ?? []).map((text, index) => {
    const block = canonicalBlock(text === 'current' ? (clientIp ?? '') : text);
    if (block === null)
      throw invalid(`auth.ips.${String(index)}`, 'must be an address or a block no wider than /16 (IPv6: /32)');
    return block;
  });
  if (wish.auth?.mode === 'ip' && blocks.length === 0)
    throw invalid('auth.ips', 'must name at least one address when proxies are used without a password');
  return [...new Set(blocks)];
}
