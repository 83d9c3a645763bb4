// A change of a domain by its holder: first the part that the registry decides, then the customer's own fields.
import { autoRenewAct, noted, type Actor } from '@lumi/shared/audit-log';
import { AppError } from '@lumi/shared/contract';
import type { DomainsDeps } from '../deps';
import { updateOwnPart } from '../store/domain-store';
import { changeAtRegistry } from './change-at-registry';
import { eventsOfChange } from './change-events';
import type { DomainRow } from './domain-row';

export interface DomainChange {
  readonly auto_renew?: boolean | undefined;
  readonly locked?: boolean | undefined;
  readonly privacy?: boolean | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly reference?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Null when the domain ended meanwhile. Switching auto_renew on is written to the audit log with its actor. */
export async function changeDomain(
  domains: DomainsDeps,
  row: DomainRow,
  change: DomainChange,
  { actor, by }: { readonly actor: Actor; readonly by: string },
): Promise<DomainRow | null> {
  const tld = domains.catalogue.get(row.tld);
  if (change.privacy === true && !tld.privacy) throw notOffered('privacy', row.tld);
  if (change.locked === true && !tld.lock) throw notOffered('locked', row.tld);
  const atRegistry = {
    ...(change.locked === undefined || change.locked === row.locked ? {} : { locked: change.locked }),
    ...(change.privacy === undefined || change.privacy === row.privacy ? {} : { privacy: change.privacy }),
  };
  const changed = Object.keys(atRegistry).length === 0 ? row : await changeAtRegistry(domains, row, atRegistry, by);
  const own = {
    autoRenew: change.auto_renew,
    tags: change.tags,
    reference: change.reference,
    metadata: change.metadata,
  };
  if (Object.values(own).every((value) => value === undefined)) return changed;
  const { db, clock } = domains.service;
  const now = clock.now();
  const events = eventsOfChange(changed, { ...changed, ...ownColumns(change) }, { tld, now, actor: by });
  if (change.auto_renew !== true) return updateOwnPart(db.platform, row, own, { events, now });
  return noted(
    db,
    actor,
    (tx) => updateOwnPart(tx, row, own, { events, now }),
    (after) => (after === null ? [] : [autoRenewAct(row.name, row.account_id, row.auto_renew)]),
  );
}

/** The customer's own columns that a change names. */
function ownColumns({ auto_renew, tags, reference, metadata }: DomainChange): Partial<DomainRow> {
  return {
    ...(auto_renew === undefined ? {} : { auto_renew }),
    ...(tags === undefined ? {} : { tags }),
    ...(reference === undefined ? {} : { reference }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function notOffered(path: string, tld: string): AppError {
  return new AppError('validation_error', undefined, { details: [{ path, message: `is not offered for .${tld}` }] });
}
