// What the fields of domains are called, where neither the field itself nor the glossary of the whole API says so. A name that means something else inside
// another field stands there with that field's name before it.
import type { Glossary, Samples } from '@lumi/shared/endpoint';

export const GLOSSARY: Glossary = {
  // Names
  domain: 'The name, lower case, as A-labels.', domains: 'The names, in Unicode or as A-labels, 1 to 500; instead of `filter`.', tld: 'What names end with, without the dot.', unicode: 'The name as people read it.',
  nameservers: 'Host names the domain is delegated to.', warnings: 'For people: what is set and will not work as it stands.', privacy: 'Whether WHOIS hides the registrant.', lifecycle: 'When it moves on by itself unless it is renewed.',
  grace_ends_at: 'Until then it can be renewed at the usual price; then it goes into redemption.', redemption_ends_at: 'Until then it can be restored, at a price of its own.', delete_at: 'When the name is free for everybody again.',
  locked_until: 'Until then it cannot be transferred away, however it is locked; null: no such time.', can: 'What can be done with it now, and why not.', preview: 'Only tell which domains it would be; nothing is changed.',
  matched: 'How many domains it would be.', when: '`at_expiry`: it is not renewed any more. `now`: it is deleted at the registry at once.', refund_usd: 'What is paid back: nothing.', by_tld: 'How many there are in each TLD.',
  // Contacts
  registrant: 'Who holds the name.', admin: 'Who decides about it.', tech: 'Who runs it.', billing: 'Who pays for it.',
  // Checks and transfers
  'DomainCheck.years': 'Years that `price_usd` is for; null where there is no price.', transferable: 'Whether nothing stands in the way that we can see.', blockers: 'What stands in the way.',
  until: 'When it no longer does; null: not known.', auth_code: 'The code that the new registrar asks for.', auth_code_expires_at: 'Until when the auth code works; null: there is none.', auth_code_required: 'Whether a transfer in needs an auth code.',
  direction: '`in`: to us. `out`: away from us.', step: 'How far it is: `sent` to the registry, `accepted` by it, `done`.', waiting_for: 'Who has to act next; null when it is over.',
  // DNSSEC
  dnssec: 'DNSSEC.', ds: 'DS records at the registry.', keys: 'DNSKEY records; DS records are made of them, with SHA-256.', key_tag: 'Key tag (RFC 4034).', algorithm: 'Number of the algorithm of the key, such as 13 for ECDSA P-256.',
  digest_type: 'Number of the digest: 1 SHA-1, 2 SHA-256, 4 SHA-384.', digest: 'Digest of the key, hexadecimal.', flags: '256: a zone-signing key. 257: a key-signing key.', protocol: 'Always 3.', public_key: 'The key, base64.',
  // TLDs
  category: 'Kind of TLD.', idn: 'Names beyond ASCII.', supported: 'Whether they are sold.', scripts: 'Scripts they may be written in.', ops: 'What can be bought.', register: 'Whether new names are sold.', renew: 'Whether names are renewed.',
  transfer: 'Whether names can come from other registrars.', restore: 'Whether names in redemption can be restored.', trade: 'Whether a change of registrant is a trade, with a price of its own.', trade_usd: 'Change of registrant; null where it is no trade.',
  lock: 'Whether names can be locked against transfers.', algorithms: 'Numbers of the algorithms the registry takes.', ns: 'Name servers of one name.', grace: 'How long a name stays in each state after it was bought or has expired.',
  'Tld.years': 'How many years a registration is for.', 'years.min': 'The fewest years.', 'years.max': 'The most years.', 'ns.min': 'The fewest.', 'ns.max': 'The most.', 'dnssec.max': 'The most DS records of one name; 0 without DNSSEC.', 'Tld.privacy': 'Whether WHOIS can hide the registrant.',
  add_days: 'Days after registration in which a deleted name is gone at once, without redemption.', auto_renew_days: 'Days after expiry in which it can still be renewed at the usual price.', redemption_days: 'Days after that in which it can be restored.',
  pending_delete_days: 'Days after that until the name is free again.', transfer_lock_days: 'Days after registration or transfer in which a name cannot be transferred away.', contacts_required: 'Whether a purchase has to name contacts.',
  auto_renew_only: 'Whether the registry renews names by itself and no other renewal is possible.',
};

/** What its things are called in examples. */
export const SAMPLES: Samples = {
  subject: 'example.com', 'Order.kind': 'domain_register', 'Operation.kind': 'domain_register', 'OpenOperation.kind': 'domain_register', 'DryRun.kind': 'domain_register', 'Batch.kind': 'bulk-buy-domains', description: 'Registration of example.com for 1 year',
  'Quote.operation': 'register', 'FreshQuote.operation': 'register', 'Event.type': 'domain.registered', 'lines.label': 'Registration of example.com',
};
