CREATE TABLE sharing.grants (
    id          uuid PRIMARY KEY,
    resource    text NOT NULL,
    grantor     uuid NOT NULL,
    grantee     uuid NOT NULL,
    permission  smallint NOT NULL CHECK (permission BETWEEN 1 AND 3),
    create_time timestamptz NOT NULL,
    UNIQUE (resource, grantee)
);
CREATE INDEX grants_by_grantee ON sharing.grants (grantee, create_time DESC, id DESC);
CREATE INDEX grants_by_grantor ON sharing.grants (grantor, create_time DESC, id DESC);

-- The contract with the services that own the resources: every grant in force. They join it on each request, so that a
-- revocation holds from the next one on. A change of its columns is a new view, effective_access_v2.
CREATE VIEW sharing.effective_access_v1 AS
    SELECT grantee, resource, permission FROM sharing.grants;

DO $$
DECLARE reader text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['mcc_study', 'mcc_model'] LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = reader) THEN
            EXECUTE format('GRANT USAGE ON SCHEMA sharing TO %I', reader);
            EXECUTE format('GRANT SELECT ON sharing.effective_access_v1 TO %I', reader);
        END IF;
    END LOOP;
END $$;
