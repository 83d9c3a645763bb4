// What GET /tlds/{tld}/requirements says, judged by a validator of JSON Schema and by the operation itself: a body that
// the one takes the other takes, too, as a dry run.
import Ajv2020 from 'ajv/dist/2020';
import { CONTACT_EXAMPLE } from '../src/portfolio/contact-view';
import { domainsService, type Who } from './domains-fixture';

const t = domainsService();
let who: Who;
let contactId: string;
beforeAll(async () => {
  who = await t.account({ balance: '100000' });
  contactId = (await t.post(who, '/contacts', ADA).expect(201)).body.id as string;
});

const ADA = CONTACT_EXAMPLE;
const { postal_code: _, ...withoutCode } = ADA;
const dublin = { ...withoutCode, city: 'Dublin', country: 'IE', phone: '+35312345678' };
const HOSTS = ['ns1.example.net', 'ns2.example.net'];

const BODIES: Record<string, (contact: string) => Record<string, unknown>> = {
  'nothing but a name': () => ({}),
  'a contact of the account': (contact) => ({ contact_id: contact }),
  'a registrant': () => ({ contacts: { registrant: ADA } }),
  'a registrant without a postal code where there are some': () => ({ contacts: { registrant: withoutCode } }),
  'a registrant without a postal code where they are seldom': () => ({ contacts: { registrant: dublin } }),
  'an administrator without a postal code': () => ({ contacts: { registrant: ADA, admin: withoutCode } }),
  'an organization without a name': () => ({ contacts: { registrant: { ...ADA, type: 'organization' } } }),
  'an organization': () => ({ contacts: { registrant: { ...ADA, type: 'organization', organization: 'Engines' } } }),
  'contacts in both ways': (contact) => ({ contact_id: contact, contacts: { registrant: ADA } }),
  'contacts without a registrant': () => ({ contacts: { admin: ADA } }),
  privacy: (contact) => ({ contact_id: contact, privacy: true }),
  'no privacy': (contact) => ({ contact_id: contact, privacy: false }),
  'a lock': (contact) => ({ contact_id: contact, locked: true }),
  'one year': (contact) => ({ contact_id: contact, years: 1 }),
  'two years': (contact) => ({ contact_id: contact, years: 2 }),
  'ten years': (contact) => ({ contact_id: contact, years: 10 }),
  'eleven years': (contact) => ({ contact_id: contact, years: 11 }),
  'one name server': (contact) => ({ contact_id: contact, nameservers: HOSTS.slice(0, 1) }),
  'two name servers': (contact) => ({ contact_id: contact, nameservers: HOSTS }),
  'no name servers': (contact) => ({ contact_id: contact, nameservers: [] }),
};

async function requirements(tld: string, operation: string) {
  const { body } = await t.get(who, `/tlds/${tld}/requirements?operation=${operation}`).expect(200);
  return body as { request: string; schema: Record<string, unknown>; notes: string[]; registerable: boolean };
}

// The formats of strings are judged by the operation.
const validator = (schema: object) => new Ajv2020({ strict: false, validateFormats: false }).compile(schema);

describe('GET /tlds/{tld}/requirements', () => {
  it('says of every TLD which registrations it takes, as the registration itself does', async () => {
    const { body: list } = await t.get(who, '/tlds').expect(200);
    const tlds = (list.items as { tld: string }[]).map(({ tld }) => tld);
    expect(tlds.length).toBeGreaterThan(10);
    const differences: string[] = [];
    for (const tld of tlds) {
      const { request, schema } = await requirements(tld, 'register');
      expect(request).toBe('POST /domains');
      const isValid = validator(schema);
      for (const [what, make] of Object.entries(BODIES)) {
        const body = { domain: `required-of-us.${tld}`, ...make(contactId) };
        const { status, text } = await t.post(who, '/domains?dry_run=true', body);
        if (isValid(body) !== (status === 200)) differences.push(`.${tld}, ${what}: ${String(status)} ${text}`);
      }
    }
    expect(differences).toEqual([]);
  });

  it('says which transfers a TLD takes: with a code where it has codes, without years', async () => {
    const offers: Record<string, [string, Record<string, unknown>, boolean][]> = {
      test: [
        ['with its code', { auth_code: 'right-code' }, true],
        ['without a code', {}, false],
        ['that keeps its name servers', { auth_code: 'right-code', nameservers: 'keep' }, true],
      ],
      'co.uk': [['without a code', { contacts: { registrant: ADA } }, true]],
      de: [['with one name server', { auth_code: 'x', contact_id: 'con_x', nameservers: HOSTS.slice(0, 1) }, false]],
    };
    for (const [tld, cases] of Object.entries(offers)) {
      const isValid = validator((await requirements(tld, 'transfer')).schema);
      for (const [what, body, isRight] of cases)
        expect([tld, what, isValid({ domain: `elsewhere.${tld}`, ...body })]).toEqual([tld, what, isRight]);
    }
  });

  it('takes names under this TLD only, in small and capital letters', async () => {
    const isValid = validator((await requirements('co.uk', 'register')).schema);
    const names = ['shop.co.uk', 'SHOP.CO.UK', 'shop.co.uk.', 'shop.com', 'shopXco.uk', 'shop.coXuk'];
    expect(names.map((domain) => isValid({ domain, contact_id: 'con_x' }))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('answers 404 for a TLD that is not sold, and 422 for an operation that it does not describe', async () => {
    await t.get(who, '/tlds/nope/requirements').expect(404);
    await t.get(who, '/tlds/com/requirements?operation=sell').expect(422);
  });
});
