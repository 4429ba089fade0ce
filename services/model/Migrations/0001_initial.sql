-- Names and forms are the researchers' own texts and hold nothing of patients; code and weights are sealed in the store.

CREATE TABLE models (
    id uuid PRIMARY KEY,
    owner uuid NOT NULL,
    -- Those of the active version, for lists.
    display_name text NOT NULL,
    -- The name in lower case: unique among an owner's models, and the order of lists.
    name_key text COLLATE "C" NOT NULL,
    task smallint NOT NULL,
    modality text NOT NULL,
    body_part text NOT NULL,
    -- medcloudcare.model.v1.Visibility
    visibility smallint NOT NULL,
    active_number integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL
);
CREATE UNIQUE INDEX models_by_name ON models (owner, name_key);
CREATE INDEX models_in_order ON models (name_key, id);

CREATE TABLE versions (
    -- Names the version's directory in the store and is part of what its files are sealed to.
    id uuid PRIMARY KEY,
    model_id uuid NOT NULL REFERENCES models (id),
    number integer NOT NULL,
    author uuid NOT NULL,
    -- medcloudcare.model.v1.ModelForm
    form bytea NOT NULL,
    digest text NOT NULL,
    size bigint NOT NULL,
    -- The data key of its files, wrapped by the keyring.
    wrapped_key bytea NOT NULL,
    create_time timestamptz NOT NULL,
    UNIQUE (model_id, number)
);

CREATE TABLE files (
    version_id uuid NOT NULL REFERENCES versions (id),
    -- Its name in the version's directory.
    position integer NOT NULL,
    path text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (version_id, position)
);
