// The data of a paid command for the sandbox registry, and the refusals that follow from the command alone.
import { assertNever } from '@lumi/shared/contract';
import type { PaidCommand, TransferCommand } from '../registrar';
import { ELSEWHERE_AUTH_CODE, checkAnswerOf, feeDueOf } from './magic';

/** Refusals that follow from the command alone. */
export function refusalOf(command: PaidCommand): string | null {
  if (command.kind === 'register' && ['taken', 'elsewhere', 'reserved'].includes(checkAnswerOf(command.name) ?? ''))
    return 'not_available';
  if (
    command.kind === 'transfer' &&
    checkAnswerOf(command.name) === 'elsewhere' &&
    command.authCode !== ELSEWHERE_AUTH_CODE
  )
    return 'auth_code';
  if (command.kind === 'transfer' && checkAnswerOf(command.name) !== 'elsewhere') return 'state_conflict';
  return null;
}

export function payloadOf(command: PaidCommand): object {
  const priced = { years: command.years, fee: command.fee === null ? null : command.fee.toString() };
  switch (command.kind) {
    case 'register': {
      const feeDue = feeDueOf(command.name, command.years);
      return { ...priced, ...holding(command), ...(feeDue === undefined ? {} : { fee_due: feeDue.toString() }) };
    }
    case 'transfer':
      return { ...priced, ...holding(command), keep_nameservers: command.keepNameservers };
    case 'renew':
      return { ...priced, current_expires_at: command.currentExpiresAt.toISOString() };
    case 'restore':
      return priced;
    default:
      return assertNever(command);
  }
}

function holding(
  command: Pick<TransferCommand, 'nameservers' | 'contacts' | 'contactData' | 'privacy' | 'locked'>,
): object {
  return {
    nameservers: command.nameservers,
    contacts: command.contacts,
    contact_data: command.contactData,
    privacy: command.privacy,
    locked: command.locked,
  };
}
