-- Packs and batches that were rewritten into larger ones: nothing refers to them any more. They stay for calls that read
-- their place before, then go.
ALTER TABLE packs ADD COLUMN retire_time timestamptz;
CREATE INDEX packs_retired ON packs (retire_time) WHERE retire_time IS NOT NULL;
ALTER TABLE metadata_batches ADD COLUMN retire_time timestamptz;
CREATE INDEX metadata_batches_retired ON metadata_batches (retire_time) WHERE retire_time IS NOT NULL;

-- Sealed bytes of instances that were deleted from a pack which holds others: it is rewritten without them.
ALTER TABLE packs ADD COLUMN deleted_bytes bigint NOT NULL DEFAULT 0;
CREATE INDEX packs_with_deleted ON packs (study_id) WHERE deleted_bytes > 0 AND retire_time IS NULL;

CREATE FUNCTION note_deleted_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE packs p SET deleted_bytes = p.deleted_bytes + g.bytes
    FROM (SELECT pack_id, sum(sealed_length)::bigint AS bytes FROM gone GROUP BY pack_id) g WHERE p.id = g.pack_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER instances_deleted AFTER DELETE ON instances
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_deleted_bytes();

-- While one of these is held, no object is removed that a copy of this database may refer to: a backup is being taken.
CREATE TABLE removal_holds (
    id uuid PRIMARY KEY,
    expire_time timestamptz NOT NULL
);
