-- Data keys, wrapped. A row is committed with the event that it opens, and can be deleted:
-- that is how a person is erased from a record that is never changed.

CREATE SCHEMA vault;

CREATE TABLE vault.keys (
    key_id uuid PRIMARY KEY,
    wrapped bytea NOT NULL,
    kek integer NOT NULL
);

-- A deleted key must leave the files soon: no copy of it in the planner's statistics, and a vacuum
-- as soon as a handful are gone instead of a fifth of the table.
ALTER TABLE vault.keys ALTER COLUMN wrapped SET STATISTICS 0;
ALTER TABLE vault.keys SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1);
