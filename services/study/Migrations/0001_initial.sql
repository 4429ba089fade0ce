-- Identifiers (UIDs), sizes and places are in the clear; everything that says who the patient is, who treated them, when
-- or for what is in sealed columns (services/sealing/FORMAT.md), under the data key of the study it belongs to.

-- One counter an owner. A transaction that changes studies of an owner increments it first and so holds its row to the end:
-- changes of one owner are serial, and a reader that sees change n sees everything up to n.
CREATE TABLE owners (
    owner uuid PRIMARY KEY,
    change bigint NOT NULL
);

-- A study without instances is only reserved: its key exists, nobody sees it.
CREATE TABLE studies (
    id uuid PRIMARY KEY,
    owner uuid NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    -- HMAC of issuer and patient ID within this owner; null when the patient ID is empty.
    patient_key bytea,
    -- Sealed DICOM JSON: attributes of patient and study, ModalitiesInStudy, SOPClassesInStudy. Null while reserved.
    attributes bytea,
    series_count integer NOT NULL DEFAULT 0,
    instance_count integer NOT NULL DEFAULT 0,
    size_bytes bigint NOT NULL DEFAULT 0,
    -- The owner's counter at the last change.
    change bigint NOT NULL DEFAULT 0,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner, study_instance_uid)
);
CREATE INDEX studies_by_uid ON studies (study_instance_uid);
CREATE INDEX studies_by_change ON studies (owner, change);
CREATE INDEX studies_by_patient ON studies (owner, patient_key);
CREATE INDEX studies_reserved ON studies (create_time) WHERE instance_count = 0;

CREATE TABLE series (
    id uuid PRIMARY KEY,
    study_id uuid NOT NULL REFERENCES studies (id),
    series_instance_uid text COLLATE "C" NOT NULL,
    -- Who stored its first instance.
    author uuid NOT NULL,
    -- Sealed DICOM JSON: attributes of the series and its equipment.
    attributes bytea NOT NULL,
    instance_count integer NOT NULL,
    size_bytes bigint NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    UNIQUE (study_id, series_instance_uid)
);
CREATE INDEX series_by_uid ON series (series_instance_uid);

-- Objects of the store (services/study/Store/FORMAT.md). What lies beyond size is not committed.
CREATE TABLE packs (
    id uuid PRIMARY KEY,
    study_id uuid NOT NULL REFERENCES studies (id),
    size bigint NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX packs_by_study ON packs (study_id);

-- The DICOM JSON of instances that were committed together, of one series: compressed, then sealed.
CREATE TABLE metadata_batches (
    id uuid PRIMARY KEY,
    series_id uuid NOT NULL REFERENCES series (id),
    instance_count integer NOT NULL,
    content bytea NOT NULL
);
ALTER TABLE metadata_batches ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX metadata_batches_by_series ON metadata_batches (series_id, id);

CREATE TABLE instances (
    id uuid PRIMARY KEY,
    owner uuid NOT NULL,
    series_id uuid NOT NULL REFERENCES series (id),
    sop_instance_uid text COLLATE "C" NOT NULL,
    sop_class_uid text COLLATE "C" NOT NULL,
    transfer_syntax_uid text COLLATE "C" NOT NULL,
    instance_number integer,
    pack_id uuid NOT NULL REFERENCES packs (id),
    pack_offset bigint NOT NULL,
    sealed_length bigint NOT NULL,
    length bigint NOT NULL,
    -- Header of the sealed stream: a range is one read, and bytes of an older stream do not open in its place.
    seal_header bytea NOT NULL,
    sha256 bytea NOT NULL,
    -- Sealed: frame index and places of bulk data.
    layout bytea NOT NULL,
    rows integer,
    columns integer,
    bits_allocated integer,
    frames integer,
    batch_id uuid NOT NULL REFERENCES metadata_batches (id),
    batch_position integer NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    -- In this order it also finds an instance whose owner is not known.
    UNIQUE (sop_instance_uid, owner)
);
ALTER TABLE instances ALTER COLUMN layout SET STORAGE EXTERNAL;
CREATE INDEX instances_by_series ON instances (series_id, instance_number, sop_instance_uid);
CREATE INDEX instances_by_pack ON instances (pack_id);

CREATE TABLE uploads (
    id uuid PRIMARY KEY,
    account uuid NOT NULL,
    -- The study that every instance must belong to, or null.
    study_id uuid REFERENCES studies (id),
    -- The Study Instance UID that every instance must have, or null.
    study_instance_uid text COLLATE "C",
    committed_instances bigint NOT NULL DEFAULT 0,
    stored_instances bigint NOT NULL DEFAULT 0,
    duplicate_instances bigint NOT NULL DEFAULT 0,
    refused_instances bigint NOT NULL DEFAULT 0,
    stored_bytes bigint NOT NULL DEFAULT 0,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX uploads_by_use ON uploads (update_time);
