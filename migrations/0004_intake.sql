-- Idempotency keys of the intake API: which body came under a key, and what was answered.
-- The records themselves are idempotent by source and key; this only tells a key used again
-- for another body, and answers a repeat as the first time. Rows older than a day are removed.

CREATE SCHEMA intake;

CREATE TABLE intake.idempotency (
    subject text NOT NULL,
    key text NOT NULL,
    body_sha256 bytea NOT NULL,
    status integer,
    answer bytea,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject, key)
);
CREATE INDEX idempotency_seen_at ON intake.idempotency (seen_at);
