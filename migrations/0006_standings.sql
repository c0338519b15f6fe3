-- What every question asks first, in the snapshot that answers it: which generation of each read
-- model is live, where the followers of each sequence stand, and as of when that is (the moment at
-- which what comes next was recorded). A function, because each connection then plans it once.

CREATE FUNCTION follow.standings()
RETURNS TABLE (name text, number bigint, version integer, is_model boolean, as_of timestamptz)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH stands AS (
        SELECT f.sequence, min(f.position) AS position FROM follow.followers f
        WHERE f.kind = 'projection' OR f.name = 'matching' GROUP BY f.sequence
    )
    SELECT m.name, m.generation::bigint, m.version, true, NULL::timestamptz
    FROM follow.models m WHERE m.live
    UNION ALL
    SELECT s.sequence, s.position, NULL, false, CASE s.sequence
        WHEN 'register' THEN (SELECT e.recorded_at FROM record.register_events e
                              WHERE e.notification_id = s.position + 1)
        WHEN 'casework' THEN (SELECT e.recorded_at FROM record.casework_events e
                              WHERE e.notification_id = s.position + 1)
    END FROM stands s
    UNION ALL
    SELECT 'now', 0, NULL, false, least(now(), pg_last_xact_replay_timestamp());
END
$$;
