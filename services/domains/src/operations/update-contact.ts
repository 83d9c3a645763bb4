// PATCH /contacts/{id}
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { sql } from '@lumi/shared/db';
import type { Domains } from '../domains';
import { contactPatch, contactSchema, viewContact } from '../portfolio/contact-view';
import { contactParams, ownContact } from '../portfolio/own-contact';
import { updateContactData, type UsedContactRow } from '../store/contact-store';
import type { ContactData } from '../supplier/registrar';

const CALL_LIMIT_MS = 10_000;

export const updateContact = (domains: Domains) =>
  endpoint(
    defineRoute({
      id: 'update-contact', method: 'PATCH', path: '/contacts/{id}', tag: 'Contacts', scope: 'write', class: 'regular', reach: 'account',
      summary: 'Change a contact', description: 'Changes only what is named, for all domains that name the contact, at their registries too.',
      params: contactParams, body: contactPatch, bodyExample: { email: 'new@example.com' },
      responses: { 200: { description: 'The contact as it is now.', schema: contactSchema } },
      errors: ['supplier_error'],
    }),
    async ({ params, reach, body }) => {
      const row = await ownContact(domains, reach, params.id);
      const named = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      const data: ContactData = { ...row.data, ...named };
      const now = domains.service.clock.now();
      for (const id of await registrarsOf(domains, row)) await changeAtRegistrar(domains, id, row.id, data);
      await updateContactData(domains.service.db.platform, row.id, data, now);
      return json(200, viewContact({ ...row, data, updated_at: now }));
    },
  );

async function registrarsOf(domains: Domains, row: UsedContactRow): Promise<readonly string[]> {
  if (row.used_by === 0) return [];
  const rows = await domains.service.db.platform.$queryRaw<{ registrar: string }[]>(sql`
    SELECT DISTINCT registrar FROM domains.domain WHERE account_id = ${row.account_id} AND ended_at IS NULL AND ${row.id} IN (registrant_id, admin_id, tech_id, billing_id)`);
  return rows.map(({ registrar }) => registrar);
}

/** Sending the same data again does no harm, so an unknown end is the caller's to repeat; nothing is stored until the registrar has it. */
async function changeAtRegistrar(domains: Domains, registrarId: string, handle: string, data: ContactData): Promise<void> {
  const outcome = await domains.registrars.get(registrarId).updateContact(handle, data, AbortSignal.timeout(CALL_LIMIT_MS));
  if (outcome.kind === 'done') return;
  if (outcome.kind === 'refused') throw new AppError(outcome.code, outcome.text);
  throw new AppError('service_unavailable', 'It is not known whether the registry took this change; send it again.', { retryAfterS: 5 });
}
