-- What was deleted, one row a study. Replicas learn from it which studies have left an owner's list; what a crash has cut
-- short is finished from it.
CREATE TABLE deletions (
    study_id uuid PRIMARY KEY,
    owner uuid NOT NULL,
    -- The owner's counter at the deletion.
    change bigint NOT NULL,
    -- The data key is erased in the key store.
    key_erased boolean NOT NULL DEFAULT false,
    -- The sharing service has forgotten the grants of the study.
    grants_removed boolean NOT NULL DEFAULT false,
    delete_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX deletions_by_change ON deletions (owner, change);
CREATE INDEX deletions_unfinished ON deletions (study_id) WHERE NOT (key_erased AND grants_removed);

-- Objects of the store that hold nothing any more: they are removed in the background, then their rows.
CREATE TABLE dead_packs (
    id uuid PRIMARY KEY,
    study_id uuid NOT NULL,
    dead_time timestamptz NOT NULL DEFAULT now()
);

-- The check of each batch that goes would search all instances; both go in the same transaction.
ALTER TABLE instances DROP CONSTRAINT instances_batch_id_fkey;
CREATE INDEX uploads_by_study ON uploads (study_id) WHERE study_id IS NOT NULL;
CREATE INDEX uploads_by_account ON uploads (account);
