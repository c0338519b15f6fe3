-- Data keys, wrapped. A row is committed with the event that it opens, and can be deleted:
-- that is how a person is erased from a record that is never changed.

CREATE SCHEMA vault;

CREATE TABLE vault.keys (
    key_id uuid PRIMARY KEY,
    wrapped bytea NOT NULL,
    kek integer NOT NULL
);
