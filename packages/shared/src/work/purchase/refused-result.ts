// What is kept of a refusal beside its code and text.
import type { ErrorDetail } from '../../ground/contract';
import type { JsonObject } from './thing-sold';

/** Stored in place of a delivered result. */
export interface RefusedResult extends JsonObject {
  readonly details: readonly ErrorDetail[];
}
