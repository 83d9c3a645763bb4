// POST /domains/bulk-update
import { z } from 'zod';
import { actorOf, type Actor } from '@lumi/shared/audit-log';
import { changeItem, changedAnswer, changedSchema, type ChangedItem } from '@lumi/shared/batches';
import { AppError, defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { BULK_MAX_ITEMS, endpoint, json, mapInTurns, type Reach } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { readDomainName } from '../names/domain-name';
import { changeAtRegistry } from '../portfolio/change-at-registry';
import { changeDomain } from '../portfolio/change-domain';
import type { DomainRow } from '../portfolio/domain-row';
import { domainFilterFields, readFilter } from '../portfolio/domain-filter';
import { domainSchema, viewDomain, type DomainView } from '../portfolio/domain-view';
import { domainField, nameserversField } from '../purchases/registration';
import { readNameservers } from '../purchases/holding-wishes';
import { findDomains, matchingNames } from '../store/domain-store';
import { updateDomainBody } from './update-domain';

const setFields = updateDomainBody.extend({ nameservers: nameserversField.optional() }).strict();
const PREVIEW_NAMES = 50;
/** At most this many changes wait for their registries at the same time. */
const AT_ONCE = 8;
/** After this time no further change begins, so that the caller gets an answer and not a broken connection. */
const TIME_LIMIT_MS = 15_000;

export const bulkUpdateDomains = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'bulk-update-domains',
      method: 'POST',
      path: '/domains/bulk-update',
      tag: 'Domains',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      bulk: 'domains',
      autoRenew: ['set.auto_renew'],
      summary: 'Change many domains',
      description:
        'Applies one change to up to 500 domains, named or found by a filter. Each item succeeds or fails ' +
        'alone. `preview: true` only tells how many and which it would be.',
      body: z.object({
        domains: z.array(domainField).min(1).optional(),
        filter: z
          .object(domainFilterFields)
          .strict()
          .optional()
          .describe('As the query of `GET /domains`; instead of `domains`.'),
        set: setFields.describe('What to change: the fields of `PATCH /domains/{domain}` and `nameservers`.'),
        preview: z.boolean().optional(),
      }),
      bodyExample: { filter: { tag: 'shop' }, set: { locked: true }, preview: true },
      responses: {
        200: {
          description: 'One item for each domain, or the preview.',
          schema: z.union([
            changedSchema(domainSchema),
            z.object({
              preview: z.literal(true),
              matched: z.number().int(),
              domains: z.array(z.string()).describe('The first 50.'),
            }),
          ]),
        },
      },
      errors: ['batch_too_large'],
    }),
    async (context) => {
      const { body, reach } = context;
      if ((body.domains === undefined) === (body.filter === undefined))
        throw invalid('domains', 'or filter must be given, and not both');
      if (Object.values(body.set).every((value) => value === undefined)) throw invalid('set', 'must change something');
      await domains.catalogue.ready();
      const { total, names } =
        body.domains === undefined
          ? await matchingNames(
              domains.service.db.platform,
              reach,
              readFilter(body.filter ?? {}),
              domains.service.clock.now(),
              BULK_MAX_ITEMS,
            )
          : { total: body.domains.length, names: body.domains };
      if (body.preview === true)
        return json(200, { preview: true, matched: total, domains: names.slice(0, PREVIEW_NAMES) });
      if (total > BULK_MAX_ITEMS) throw new AppError('batch_too_large');
      return json(
        200,
        changedAnswer(
          await changeAll({ domains, reach, actor: actorOf(context), by: context.principal.keyId }, names, body.set),
        ),
      );
    },
  );

type Item = ChangedItem<DomainView>;

interface Asked {
  readonly domains: DomainsDeps;
  readonly reach: Reach;
  readonly actor: Actor;
  readonly by: string;
}

async function changeAll(
  { domains, reach, actor, by }: Asked,
  names: readonly string[],
  set: z.output<typeof setFields>,
): Promise<readonly Item[]> {
  const { clock } = domains.service;
  const endsAtMs = clock.nowMs() + TIME_LIMIT_MS;
  const targets = await targetsOf(domains, reach, names);
  const items: Item[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < names.length; i = next++) {
      const target =
        clock.nowMs() > endsAtMs
          ? new AppError('service_unavailable', 'Not begun: the request took too long. Send it again for the rest.')
          : (targets[i] ?? notFound());
      items[i] = await changeItem(names[i] ?? '', () => changeOne({ domains, actor, by }, target, set));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return items;
}

/** For each name: its domain (within the reach) when it is named for the first time, otherwise a refusal. */
async function targetsOf(
  domains: DomainsDeps,
  reach: Reach,
  names: readonly string[],
): Promise<readonly (DomainRow | AppError)[]> {
  const read = await mapInTurns(names, (text) => {
    const reading = readDomainName(text, domains.catalogue);
    return reading.kind === 'name' ? reading.name : '';
  });
  const rows = await findDomains(domains.service.db.platform, reach, read);
  const seen = new Set<string>();
  return read.map((name) => {
    const row = rows.get(name);
    if (row === undefined) return notFound();
    if (seen.has(name)) return new AppError('validation_error', 'This domain is named twice in the request.');
    seen.add(name);
    return row;
  });
}

async function changeOne(
  { domains, actor, by }: Omit<Asked, 'reach'>,
  target: DomainRow | AppError,
  set: z.output<typeof setFields>,
): Promise<DomainView> {
  if (target instanceof AppError) throw target;
  const tld = domains.catalogue.get(target.tld);
  const { nameservers, ...change } = set;
  const before =
    nameservers === undefined
      ? target
      : await changeAtRegistry(
          domains,
          target,
          { nameservers: readNameservers(nameservers, { ...target, tld }, true) },
          by,
        );
  const after = Object.values(change).every((value) => value === undefined)
    ? before
    : await changeDomain(domains, before, change, { actor, by });
  if (after === null) throw notFound();
  return viewDomain(after, tld, domains.service.clock.now());
}
