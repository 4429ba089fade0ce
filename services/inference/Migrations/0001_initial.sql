-- Jobs. What a model says (message, result, error) may quote the patient and is sealed; so is the delegation.
CREATE TABLE inference.jobs (
    id                  uuid PRIMARY KEY,
    owner               uuid NOT NULL,
    request_id          text,
    -- SHA-256 of the arguments: the same request_id with others is refused.
    request_digest      bytea NOT NULL,
    model               uuid NOT NULL,
    version             integer NOT NULL,
    model_display_name  text NOT NULL,
    -- The owner may read the model's files, so its traceback too.
    reads_model         boolean NOT NULL,
    study               uuid NOT NULL,
    study_uid           text NOT NULL,
    series_uid          text NOT NULL,
    series_number       integer NOT NULL,
    -- 1 queued, 2 running, 3 succeeded, 4 failed, 5 cancelled.
    state               smallint NOT NULL,
    progress            double precision NOT NULL DEFAULT 0,
    message             bytea,
    attempt             integer NOT NULL DEFAULT 0,
    pods_lost           integer NOT NULL DEFAULT 0,
    -- How often the process that ran it died.
    crashes             integer NOT NULL DEFAULT 0,
    -- Not to be claimed before.
    available_time      timestamptz NOT NULL DEFAULT now(),
    lease_owner         text,
    lease_until         timestamptz,
    -- Grows with every claim and end; a writer that holds an older one writes nothing.
    fence               bigint NOT NULL DEFAULT 0,
    delegation          bytea,
    -- Set before the objects are stored, shown once the job has succeeded.
    result              bytea,
    error               bytea,
    create_time         timestamptz NOT NULL DEFAULT now(),
    start_time          timestamptz,
    end_time            timestamptz,
    CONSTRAINT request_of_owner UNIQUE (owner, request_id)
);

CREATE INDEX jobs_unfinished ON inference.jobs (create_time, id) WHERE state IN (1, 2);
CREATE INDEX jobs_unfinished_of_owner ON inference.jobs (owner, state) WHERE state IN (1, 2);
CREATE INDEX jobs_of_owner ON inference.jobs (owner, create_time DESC, id DESC);
CREATE INDEX jobs_of_series ON inference.jobs (owner, series_uid, create_time DESC, id DESC);
CREATE INDEX jobs_of_study ON inference.jobs (owner, study_uid, create_time DESC, id DESC);

-- Wakes watchers and workers of every replica. Heartbeats change none of these columns.
CREATE FUNCTION inference.announce_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('inference_jobs', NEW.id::text || ' ' || NEW.state::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER announce_insert AFTER INSERT ON inference.jobs
    FOR EACH ROW EXECUTE FUNCTION inference.announce_job();
CREATE TRIGGER announce_update AFTER UPDATE OF state, progress, message, attempt, result, error ON inference.jobs
    FOR EACH ROW EXECUTE FUNCTION inference.announce_job();
