-- What identifies a person (address, name) is sealed; the HMAC of the address finds the account and keeps it unique.
CREATE TABLE auth.accounts (
    id            uuid PRIMARY KEY,
    email_key     bytea NOT NULL UNIQUE,
    email         bytea NOT NULL,
    display_name  bytea NOT NULL,
    password_hash text NOT NULL,
    role          smallint NOT NULL,
    state         smallint NOT NULL,
    create_time   timestamptz NOT NULL
);
CREATE INDEX accounts_by_time ON auth.accounts (create_time DESC, id DESC);

-- Failures by the HMAC of the address that was tried, so that unknown accounts are slowed down like known ones.
CREATE TABLE auth.sign_in_failures (
    email_key    bytea PRIMARY KEY,
    failures     integer NOT NULL,
    locked_until timestamptz NOT NULL,
    last_time    timestamptz NOT NULL
);

-- A session is a family of refresh tokens, of which one is unspent.
CREATE TABLE auth.sessions (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL REFERENCES auth.accounts (id) ON DELETE CASCADE,
    create_time timestamptz NOT NULL,
    end_time    timestamptz
);
CREATE INDEX sessions_by_account ON auth.sessions (account_id);

CREATE TABLE auth.refresh_tokens (
    token_hash  bytea PRIMARY KEY,
    session_id  uuid NOT NULL REFERENCES auth.sessions (id) ON DELETE CASCADE,
    expire_time timestamptz NOT NULL,
    spent_time  timestamptz
);
CREATE INDEX refresh_tokens_by_session ON auth.refresh_tokens (session_id);

CREATE TABLE auth.signing_keys (
    id          uuid PRIMARY KEY,
    private_key bytea NOT NULL,
    create_time timestamptz NOT NULL
);
