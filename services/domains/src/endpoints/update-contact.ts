// PATCH /contacts/{id}
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { sql } from '@lumi/shared/db';
import type { DomainsDeps } from '../deps';
import { requireOfContacts } from '../portfolio/contact-requirements';
import { changedContact, contactPatch, contactSchema, viewContact } from '../portfolio/contact-view';
import { contactParams, ownContact } from '../portfolio/own-contact';
import { withContactTruth } from '../portfolio/sync-contact';
import { updateContactData, type UsedContactRow } from '../store/contact-store';
import type { ContactData, Role } from '../supplier/registrar';

const CALL_LIMIT_MS = 10_000;

export const updateContact = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'update-contact',
      method: 'PATCH',
      path: '/contacts/{id}',
      tag: 'Contacts',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Change a contact',
      description:
        'Changes only what is named, for all domains that name the contact, at their registries too. What ' +
        'their TLDs need of a contact it must still have.',
      params: contactParams,
      body: contactPatch,
      bodyExample: { email: 'new@example.com' },
      responses: { 200: { description: 'The contact as it is now.', schema: contactSchema } },
      errors: ['requirements_missing', 'state_conflict', 'supplier_error'],
    }),
    async ({ params, reach, body }) => {
      const row = await ownContact(domains, reach, params.id);
      const data = changedContact(row.data, body);
      const now = domains.service.clock.now();
      const uses = await usesOf(domains, row);
      await domains.catalogue.ready();
      for (const { tld, role } of uses) requireOfContacts(domains.catalogue.get(tld), [{ role, data, path: '' }]);
      for (const id of new Set(uses.map(({ registrar }) => registrar))) await changeAtRegistrar(domains, id, row, data);
      await updateContactData(domains.db, row.id, data, now);
      return json(200, viewContact({ ...row, data, updated_at: now, missing_since: null }));
    },
  );

interface Use {
  readonly registrar: string;
  readonly tld: string;
  readonly role: Role;
}

async function usesOf(domains: DomainsDeps, row: UsedContactRow): Promise<readonly Use[]> {
  if (row.used_by === 0) return [];
  // Raw SQL: each role of each domain is a row.
  return domains.service.db.platform.$queryRaw<Use[]>(sql`
    SELECT DISTINCT d.registrar, d.tld, r.role
    FROM domains.domain d, LATERAL (VALUES ('registrant', d.registrant_id), ('admin', d.admin_id), ('tech', d.tech_id),
      ('billing', d.billing_id)) r (role, id)
    WHERE d.account_id = ${row.account_id} AND d.ended_at IS NULL AND r.id = ${row.id}`);
}

/**
 * The same data may be sent again without harm, so after an unknown end the caller can repeat the request. Nothing is
 * stored until the registrar has it.
 */
async function changeAtRegistrar(
  domains: DomainsDeps,
  registrarId: string,
  row: UsedContactRow,
  data: ContactData,
): Promise<void> {
  const outcome = await withContactTruth(
    domains,
    row,
    await domains.registrars.get(registrarId).updateContact(row.id, data, AbortSignal.timeout(CALL_LIMIT_MS)),
  );
  if (outcome.kind === 'done') return;
  if (outcome.kind === 'refused')
    throw new AppError(outcome.code, outcome.text, outcome.details === undefined ? {} : { details: outcome.details });
  throw new AppError('service_unavailable', 'It is not known whether the registry took this change; send it again.', {
    retryAfterS: 5,
  });
}
