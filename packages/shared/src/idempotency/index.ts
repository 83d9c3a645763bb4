export { claimInTransaction, claimScope, findAnswer, fingerprint, finishClaim, refuseOrReplay, rememberAnswer, type Claim, type ClaimOutcome, type StoredAnswer } from './claim';
export { forgetOldClaims } from './forget';
