// Looks for breaches on a schedule and reports them to operators. See README.md.
export { BOOK_RULES } from './book-rules';
export { checkOfBooks, checkOfRules, type Check } from './check';
export { checkOfDeposits } from './check-deposits';
export { listBreaches } from './list-breaches';
export { reconciliationLoop, reconcileIfDue } from './reconcile';
