-- Which calling AE title of the DIMSE door stores for whom. An AE title names a device, not a person: it is not sealed.
CREATE TABLE auth.dicom_peers (
    id                 uuid PRIMARY KEY,
    calling_ae_title   text NOT NULL UNIQUE,
    called_ae_title    text NOT NULL,
    owner_id           uuid NOT NULL REFERENCES auth.accounts (id) ON DELETE CASCADE,
    networks           text[] NOT NULL,
    client_certificate bytea,
    create_time        timestamptz NOT NULL
);
CREATE INDEX dicom_peers_by_time ON auth.dicom_peers (create_time DESC, id DESC);
CREATE INDEX dicom_peers_by_owner ON auth.dicom_peers (owner_id);
