-- A deleted sub-user leaves its user name to others. Since this release the deletion does it; here it is done for those
-- that were deleted before. A node that still admits one learns its end from the feed, as before.
UPDATE subuser SET username = id, old_username = NULL, old_password = NULL, old_until = NULL
WHERE status = 'deleted' AND username <> id;
