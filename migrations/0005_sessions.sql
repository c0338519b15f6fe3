-- Sessions of browsers: operational state, neither events nor a read model. A row is found by the
-- keyed hash of a secret that only the browser holds, and what it seals opens with that secret alone.

CREATE SCHEMA access;

CREATE TABLE access.sessions (
    session_id bytea PRIMARY KEY,
    subject text NOT NULL,
    provider_session text,
    sealed bytea NOT NULL,
    began_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    claimed_at timestamptz
);
CREATE INDEX sessions_subject ON access.sessions (subject);
CREATE INDEX sessions_provider_session ON access.sessions (provider_session);

-- Logins that were begun and not ended. A row is taken out by whoever comes back with its state,
-- so that none is used twice.
CREATE TABLE access.logins (
    login_id bytea PRIMARY KEY,
    sealed bytea NOT NULL,
    began_at timestamptz NOT NULL
);
