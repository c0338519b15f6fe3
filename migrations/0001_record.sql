-- The record: three sequences of events. The columns up to notification_id are the library's;
-- recorded_at is set from the database's clock under the append lock and never goes back.
-- notification_id has no sequence behind it: it is dense, and a rolled back append burns none.

CREATE SCHEMA record;

CREATE FUNCTION record.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are the record: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING HINT = 'Append an event that corrects the earlier one.', ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TABLE record.register_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL CHECK (originator_version > 0),
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigint NOT NULL CHECK (notification_id > 0),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE TABLE record.casework_events (LIKE record.register_events INCLUDING ALL);
CREATE TABLE record.journal_events (LIKE record.register_events INCLUDING ALL);

CREATE UNIQUE INDEX register_events_position ON record.register_events (notification_id);
CREATE UNIQUE INDEX casework_events_position ON record.casework_events (notification_id);
CREATE UNIQUE INDEX journal_events_position ON record.journal_events (notification_id);

-- One row an append: the leaf hashes of its events, and a keyed chain over all appends before it.
-- The key lies outside the database, so who can write here cannot make a chain that holds.
CREATE TABLE record.appends (
    sequence text NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL CHECK (last_position >= first_position),
    leaves bytea NOT NULL,
    chain bytea NOT NULL,
    PRIMARY KEY (sequence, first_position)
);

CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON record.register_events
    FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON record.casework_events
    FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON record.journal_events
    FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON record.appends
    FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();
