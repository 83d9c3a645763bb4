// Who can log in to a server that is made or rebuilt. Nobody is locked out by a field that was left out.
import { invalid, type AppError } from '@lumi/shared/contract';

export interface LoginWish {
  readonly passwordMode: 'generate' | 'none' | undefined;
  /** Keys and user data that the server will have, whether named in this request or kept from before. */
  readonly keys: number;
  readonly hasUserData: boolean;
  /** Whether the image takes keys and user data at all. */
  readonly hasCloudInit: boolean;
}

/**
 * Whether a root password is made; a refusal where no way in would be left. User data may bring a user of its own, so
 * it counts.
 */
export function passwordWanted({ passwordMode, keys, hasUserData, hasCloudInit }: LoginWish): boolean | AppError {
  const hasKeys = hasCloudInit && keys > 0;
  if (passwordMode === undefined) return !hasKeys;
  if (passwordMode === 'generate') return true;
  return hasKeys || (hasCloudInit && hasUserData)
    ? false
    : invalid('password_mode', '`none` needs ssh_key_ids or user_data: nobody could log in');
}
