// The stored data of a refusal in addition to its code and message.
import type { ErrorDetail } from '../../ground/contract';
import type { JsonObject } from './thing-sold';

/** Stored in place of a delivered result. */
export interface RefusedResult extends JsonObject {
  readonly details: readonly ErrorDetail[];
}
