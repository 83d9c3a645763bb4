-- What the registry says about a name when it is asked: it may not know it any more (the domain is kept, and nothing can be done with it), and
-- its owner may ask for a look once a minute.
ALTER TABLE domain ADD COLUMN missing_since timestamptz, ADD COLUMN sync_asked_at timestamptz;
-- Whether the change that is open gives the name up: only then is a name that the registry does not know one that has ended.
ALTER TABLE domain ADD COLUMN change_deletes boolean NOT NULL DEFAULT false;
