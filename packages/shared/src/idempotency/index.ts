export { claimInTransaction, claimScope, findAnswer, fingerprint, finishClaim, refuseOrReplay, type Claim, type ClaimOutcome, type StoredAnswer } from './claim';
export { forgetOldClaims } from './forget';
