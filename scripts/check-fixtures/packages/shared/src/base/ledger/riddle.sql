-- The balance that the ledger owes.
-- must fail: wording: owes
SELECT 1;
