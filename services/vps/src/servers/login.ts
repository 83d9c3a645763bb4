// Who can log in to a server that is made or rebuilt. A field that was left out locks no owner out.
import { invalid, type AppError } from '@lumi/shared/contract';

export interface LoginWish {
  readonly passwordMode: 'generate' | 'none' | undefined;
  /** Keys and user data of the server: from this request, or kept from before. */
  readonly keys: number;
  readonly hasUserData: boolean;
  /** Whether the image takes keys and user data at all. */
  readonly hasCloudInit: boolean;
}

/**
 * Whether a root password is made. Throws a refusal when there would be no way to log in. User data may create a user,
 * so they count as a way.
 */
export function passwordWanted({ passwordMode, keys, hasUserData, hasCloudInit }: LoginWish): boolean | AppError {
  const hasKeys = hasCloudInit && keys > 0;
  if (passwordMode === undefined) return !hasKeys;
  if (passwordMode === 'generate') return true;
  return hasKeys || (hasCloudInit && hasUserData)
    ? false
    : invalid('password_mode', '`none` needs ssh_key_ids or user_data: nobody could log in');
}
