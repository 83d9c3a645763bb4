// Generates the strings with which programs use a traffic plan: place and session are part of the user name. Nothing is
// stored.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { AppError, defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { isoSeconds } from '@lumi/shared/runtime';
import { openPassword } from '../access/credentials';
import { linesAnswer, linesReply, LINE_FORMATS, formatLines, type ProxyLine } from '../access/lines';
import { askPlaces } from '../catalogue/price-order';
import { recordReveal } from '../store/reveals';
import { findPlan, type PlanRow } from '../store/traffic';
import { findSubuser, type SubuserRow } from '../store/subusers';
import type { ProxyDeps } from '../deps';
import { countryField, idField, idParam } from './fields';

const QUANTITY_MAX = 1_000;
const place = z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be a code of /products/{id}/locations');

const body = z.object({
  country: z
    .array(countryField)
    .min(1)
    .max(50)
    .optional()
    .describe('One of them for each line, in turn; any country if absent.'),
  region: place.optional(),
  city: place.optional(),
  asn: z
    .string()
    .regex(/^as\d{1,10}$/, 'must look like as64500')
    .optional(),
  zip: z
    .string()
    .regex(/^[A-Za-z0-9-]{2,10}$/)
    .optional(),
  session: z
    .enum(['rotating', 'sticky'])
    .optional()
    .describe('`rotating` (default): another address for each request. `sticky`: the same for `ttl_s`.'),
  ttl_s: z.int().min(60).max(7_200).optional().describe('How long a sticky session keeps its address; 600 if absent.'),
  quantity: z.int().min(1).max(QUANTITY_MAX).optional().describe('How many lines; 1 if absent.'),
  protocol: z.enum(['http', 'socks5']).optional(),
  format: z.enum(LINE_FORMATS).optional(),
  template: z.string().min(1).max(256).optional(),
  subuser_id: idField('a sub-user of the plan').optional().describe('With the credentials of this sub-user.'),
});
type Wish = z.output<typeof body>;

export function generateEndpoints(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'generate-endpoints',
      method: 'POST',
      path: '/traffic-plans/{id}/generate',
      summary: 'Generate proxy strings',
      tag: 'Traffic',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Lines such as `host:port:user-country-de-session-ab12-ttl-600:password`. Pure: nothing is stored, ' +
        'so generate as many as you like; sessions of different lines differ. Passwords are in clear, so it ' +
        'needs `proxy:write` and is recorded. A template with {ip} makes no line: which address a plan ' +
        'leaves by is not known beforehand.',
      params: z.object({ id: idParam('tpl', 'the plan') }),
      body,
      bodyExample: { country: ['DE', 'US'], session: 'sticky', ttl_s: 600, quantity: 10, format: 'txt' },
      responses: { 200: { description: 'The lines.', ...linesAnswer } },
      errors: ['state_conflict', 'not_available'],
    }),
    async (context) => {
      const { body: wish } = context;
      const plan = await findPlan(deps.db, context.reach, context.params.id);
      if (plan === null) throw notFound();
      const subuser = wish.subuser_id === undefined ? null : await findSubuser(deps.db, context.reach, wish.subuser_id);
      if (wish.subuser_id !== undefined && subuser?.plan_id !== plan.id) throw notFound();
      if (wish.ttl_s !== undefined && wish.session !== 'sticky') throw invalid('ttl_s', 'goes with sticky sessions');
      if (plan.expires_at <= deps.service.clock.now())
        throw new AppError('state_conflict', 'The plan has expired; a top-up brings it back.');
      await assertPlaces(deps, plan, wish);
      const format = wish.format ?? 'txt';
      const owner = subuser ?? plan;
      const lines = formatLines(linesOf(plan, owner, openPassword(deps, owner), wish), format, wish.template);
      await recordReveal(deps, context, 'generate-endpoints', [owner.id]);
      return linesReply(lines, format);
    },
  );
}

async function assertPlaces(deps: ProxyDeps, { network, pool }: PlanRow, wish: Wish): Promise<void> {
  if (wish.country === undefined) return;
  const { countries } = await askPlaces(deps.networks.get(network), pool);
  for (const [index, country] of wish.country.entries()) {
    if (!countries.has(country))
      throw new AppError('not_available', undefined, {
        details: [{ path: `country.${String(index)}`, message: `${pool} has no exits in ${country}` }],
      });
  }
}

function linesOf(plan: PlanRow, owner: PlanRow | SubuserRow, password: string, wish: Wish): ProxyLine[] {
  const protocol = wish.protocol ?? 'http';
  const countries = wish.country ?? [''];
  return Array.from({ length: wish.quantity ?? 1 }, (_, index) => {
    const country = countries[index % countries.length] ?? '';
    return {
      id: owner.id,
      protocol,
      host: plan.host,
      port: protocol === 'socks5' ? plan.port_socks : plan.port,
      user: userName(owner.username, country, wish),
      pass: password,
      ip: '',
      country,
      city: wish.city ?? '',
      label: owner.label ?? '',
      expires_at: isoSeconds(plan.expires_at),
    };
  });
}

function userName(username: string, country: string, wish: Wish): string {
  const parts = [username];
  if (country !== '') parts.push('country', country.toLowerCase());
  if (wish.region !== undefined) parts.push('region', wish.region);
  if (wish.city !== undefined) parts.push('city', wish.city);
  if (wish.asn !== undefined) parts.push('asn', wish.asn.slice(2));
  if (wish.zip !== undefined) parts.push('zip', wish.zip.toLowerCase());
  if (wish.session === 'sticky')
    parts.push('session', randomBytes(6).toString('hex'), 'ttl', String(wish.ttl_s ?? 600));
  return parts.join('-');
}
