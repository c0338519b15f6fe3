-- Which generation of each index of search is asked. What is searched is made by the room of search,
-- in the schema search or in the engine that is configured; the words of a pattern or of a
-- misspelling are found by their trigrams.

CREATE SCHEMA search;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE follow.indexes (
    engine text NOT NULL,
    subject text NOT NULL,
    generation integer NOT NULL,
    version integer NOT NULL,
    live boolean NOT NULL,
    PRIMARY KEY (engine, subject, generation)
);
CREATE UNIQUE INDEX one_live_index ON follow.indexes (engine, subject) WHERE live;
