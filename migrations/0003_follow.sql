-- Where each follower stands, and which generation of each read model is the one that is read.
-- The read models themselves are made by their own files, in the schema read.

CREATE SCHEMA follow;
CREATE SCHEMA read;

CREATE TABLE follow.followers (
    name text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('projection', 'process', 'delivery')),
    sequence text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'rebuilding', 'stopped', 'failed')),
    error text,
    moved_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE follow.models (
    name text NOT NULL,
    generation integer NOT NULL,
    version integer NOT NULL,
    follower text NOT NULL REFERENCES follow.followers (name),
    position bigint NOT NULL DEFAULT 0,
    live boolean NOT NULL,
    PRIMARY KEY (name, generation)
);
CREATE UNIQUE INDEX one_live_generation ON follow.models (name) WHERE live;
