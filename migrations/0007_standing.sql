-- The same as `follow.standings`, as one row: what every question reads first is read at once, and
-- planned once a connection. The rows stay for servers of the version before.

CREATE FUNCTION follow.standing(OUT models text, OUT positions text, OUT as_of timestamptz)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT string_agg(concat_ws(' ', s.name, s.number, s.version), ',' ORDER BY s.name)
               FILTER (WHERE s.is_model),
           string_agg(concat_ws(' ', s.name, s.number), ',')
               FILTER (WHERE NOT s.is_model AND s.name <> 'now'),
           min(s.as_of)
    INTO models, positions, as_of FROM follow.standings() s;
END
$$;
