-- The views people ask. Their columns are a contract: names and order stay as they are. Small views
-- come sorted; `responses` and `sightings` come in the order of the record.

CREATE VIEW responses AS
SELECT
    note.workshop_id,
    note.principle_id,
    coalesce(principle.heading, 'unplaced') AS principle,
    note.response_type,
    note.shape,
    note.shape_confidence,
    note.colour,
    note.text,
    note.text_status,
    note.reading_state,
    note.confidence,
    theme.label AS theme,
    reply.answers_note_id,
    note.note_id,
    sighting.photo,
    sighting.polygon,
    sighting.x,
    sighting.y,
    sighting.width,
    sighting.height
FROM note
JOIN workshop USING (workshop_id)
LEFT JOIN principle
    ON principle.workshop_id = note.workshop_id AND principle.principle_id = note.principle_id
LEFT JOIN sighting
    ON sighting.workshop_id = note.workshop_id AND sighting.note_id = note.note_id AND sighting.position = 0
LEFT JOIN reply ON reply.workshop_id = note.workshop_id AND reply.note_id = note.note_id
LEFT JOIN note_theme ON note_theme.workshop_id = note.workshop_id AND note_theme.note_id = note.note_id
LEFT JOIN theme ON theme.workshop_id = note_theme.workshop_id AND theme.theme_id = note_theme.theme_id
ORDER BY workshop.position, principle.position NULLS LAST, note.position, note.note_id;
COMMENT ON VIEW responses IS 'One row a note: what was said, about what, how sure it is, and where it can be seen. Start here.';
COMMENT ON COLUMN responses.workshop_id IS 'The workshop: the name of its folder below raw/.';
COMMENT ON COLUMN responses.principle_id IS 'The principle responded to; empty where no heading claims the note.';
COMMENT ON COLUMN responses.principle IS 'The principle''s heading, or “unplaced”.';
COMMENT ON COLUMN responses.response_type IS 'The type of response (see response_type_code).';
COMMENT ON COLUMN responses.shape IS 'The shape of the paper (see shape_code).';
COMMENT ON COLUMN responses.shape_confidence IS 'How sure the shape is, from 0 to 1.';
COMMENT ON COLUMN responses.colour IS 'The colour of the paper (see colour_code).';
COMMENT ON COLUMN responses.text IS 'The words with their marks (see mark_code); nothing where text_status is no_text or illegible.';
COMMENT ON COLUMN responses.text_status IS 'What is on the paper (see text_status_code).';
COMMENT ON COLUMN responses.reading_state IS 'Who has looked (see reading_state_code).';
COMMENT ON COLUMN responses.confidence IS 'The probability, from 0 to 1, that the text is right.';
COMMENT ON COLUMN responses.theme IS 'The name of the note''s theme, if it has one. Themes are suggestions.';
COMMENT ON COLUMN responses.answers_note_id IS 'The note this one points at, if any.';
COMMENT ON COLUMN responses.note_id IS 'The note''s name, unique within the workshop, the same from run to run.';
COMMENT ON COLUMN responses.photo IS 'The photograph that shows it best, as a path below raw/<workshop>/; empty for imported transcripts.';
COMMENT ON COLUMN responses.polygon IS 'The note''s visible edge: a list of {x, y} in pixels of the upright full-size photograph.';
COMMENT ON COLUMN responses.x IS 'Left edge of the box round the polygon, in pixels.';
COMMENT ON COLUMN responses.y IS 'Upper edge of the box round the polygon, in pixels.';
COMMENT ON COLUMN responses.width IS 'Width of the box round the polygon, in pixels.';
COMMENT ON COLUMN responses.height IS 'Height of the box round the polygon, in pixels.';

CREATE VIEW sightings AS
SELECT
    sighting.workshop_id,
    sighting.note_id,
    sighting.photo,
    sighting.polygon,
    sighting.x,
    sighting.y,
    sighting.width,
    sighting.height,
    sighting.position = 0 AS is_best
FROM sighting
JOIN workshop USING (workshop_id)
ORDER BY workshop.position, sighting.note_id, sighting.position;
COMMENT ON VIEW sightings IS 'One row for each time a note was seen in a photograph.';
COMMENT ON COLUMN sightings.workshop_id IS 'The workshop.';
COMMENT ON COLUMN sightings.note_id IS 'The note.';
COMMENT ON COLUMN sightings.photo IS 'The photograph, as a path below raw/<workshop>/.';
COMMENT ON COLUMN sightings.polygon IS 'The note''s visible edge: a list of {x, y} in pixels of the upright full-size photograph.';
COMMENT ON COLUMN sightings.x IS 'Left edge of the box round the polygon, in pixels.';
COMMENT ON COLUMN sightings.y IS 'Upper edge of the box round the polygon, in pixels.';
COMMENT ON COLUMN sightings.width IS 'Width of the box round the polygon, in pixels.';
COMMENT ON COLUMN sightings.height IS 'Height of the box round the polygon, in pixels.';
COMMENT ON COLUMN sightings.is_best IS 'True for the sighting that the text is read from and the record shows.';

-- Principles nobody answered stay visible with 0; notes no heading claims stay visible as "unplaced".
CREATE VIEW counts_by_principle AS
WITH heading AS (
    SELECT workshop_id, principle_id, heading, position, stated FROM principle
    UNION ALL
    SELECT DISTINCT workshop_id, NULL, 'unplaced', NULL, NULL FROM note WHERE principle_id IS NULL
),
tally AS (
    SELECT workshop_id, principle_id, count(*) AS found FROM note GROUP BY ALL
)
SELECT
    heading.workshop_id,
    heading.principle_id,
    heading.heading AS principle,
    coalesce(tally.found, 0) AS found,
    heading.stated,
    coalesce(tally.found, 0) - heading.stated AS difference
FROM heading
JOIN workshop USING (workshop_id)
LEFT JOIN tally
    ON tally.workshop_id = heading.workshop_id AND tally.principle_id IS NOT DISTINCT FROM heading.principle_id
ORDER BY workshop.position, heading.position NULLS LAST;
COMMENT ON VIEW counts_by_principle IS 'How many responses each principle has, beside the number that was already published.';
COMMENT ON COLUMN counts_by_principle.workshop_id IS 'The workshop.';
COMMENT ON COLUMN counts_by_principle.principle_id IS 'The principle; empty for “unplaced”.';
COMMENT ON COLUMN counts_by_principle.principle IS 'Its heading, or “unplaced”.';
COMMENT ON COLUMN counts_by_principle.found IS 'How many responses there are now.';
COMMENT ON COLUMN counts_by_principle.stated IS 'How many an earlier record stated; empty where it stated none.';
COMMENT ON COLUMN counts_by_principle.difference IS 'found less stated; empty where none was stated.';

CREATE VIEW counts_by_response_type AS
WITH tally AS (
    SELECT workshop_id, response_type, count(*) AS found FROM note GROUP BY ALL
    UNION ALL
    SELECT DISTINCT workshop_id, response_type, 0 FROM legend
)
SELECT
    tally.workshop_id,
    tally.response_type,
    response_type_code.label,
    sum(tally.found)::BIGINT AS found
FROM tally
JOIN workshop USING (workshop_id)
JOIN response_type_code ON response_type_code.code = tally.response_type
GROUP BY tally.workshop_id, tally.response_type, response_type_code.label, response_type_code.position, workshop.position
ORDER BY workshop.position, response_type_code.position;
COMMENT ON VIEW counts_by_response_type IS 'How many responses of each type a workshop has, with 0 for a type its legend offers and nobody used.';
COMMENT ON COLUMN counts_by_response_type.workshop_id IS 'The workshop.';
COMMENT ON COLUMN counts_by_response_type.response_type IS 'The type of response (see response_type_code).';
COMMENT ON COLUMN counts_by_response_type.label IS 'What people call it.';
COMMENT ON COLUMN counts_by_response_type.found IS 'How many there are.';

CREATE VIEW counts_by_principle_and_type AS
SELECT
    note.workshop_id,
    note.principle_id,
    coalesce(principle.heading, 'unplaced') AS principle,
    note.response_type,
    response_type_code.label,
    count(*) AS found
FROM note
JOIN workshop USING (workshop_id)
JOIN response_type_code ON response_type_code.code = note.response_type
LEFT JOIN principle
    ON principle.workshop_id = note.workshop_id AND principle.principle_id = note.principle_id
GROUP BY
    note.workshop_id, note.principle_id, principle.heading, note.response_type, response_type_code.label,
    workshop.position, principle.position, response_type_code.position
ORDER BY workshop.position, principle.position NULLS LAST, response_type_code.position;
COMMENT ON VIEW counts_by_principle_and_type IS 'How many responses of each type each principle has; only what occurs.';
COMMENT ON COLUMN counts_by_principle_and_type.workshop_id IS 'The workshop.';
COMMENT ON COLUMN counts_by_principle_and_type.principle_id IS 'The principle; empty for “unplaced”.';
COMMENT ON COLUMN counts_by_principle_and_type.principle IS 'Its heading, or “unplaced”.';
COMMENT ON COLUMN counts_by_principle_and_type.response_type IS 'The type of response (see response_type_code).';
COMMENT ON COLUMN counts_by_principle_and_type.label IS 'What people call it.';
COMMENT ON COLUMN counts_by_principle_and_type.found IS 'How many there are.';

CREATE VIEW legibility_by_principle AS
SELECT
    note.workshop_id,
    note.principle_id,
    coalesce(principle.heading, 'unplaced') AS principle,
    count(*) AS found,
    count(*) FILTER (note.text_status = 'legible') AS legible,
    count(*) FILTER (note.text_status = 'partial') AS partial,
    count(*) FILTER (note.text_status = 'illegible') AS illegible,
    count(*) FILTER (note.text_status = 'no_text') AS no_text,
    count(*) FILTER (note.reading_state <> 'machine') AS reviewed
FROM note
JOIN workshop USING (workshop_id)
LEFT JOIN principle
    ON principle.workshop_id = note.workshop_id AND principle.principle_id = note.principle_id
GROUP BY note.workshop_id, note.principle_id, principle.heading, workshop.position, principle.position
ORDER BY workshop.position, principle.position NULLS LAST;
COMMENT ON VIEW legibility_by_principle IS 'How much of each principle''s notes can be read.';
COMMENT ON COLUMN legibility_by_principle.workshop_id IS 'The workshop.';
COMMENT ON COLUMN legibility_by_principle.principle_id IS 'The principle; empty for “unplaced”.';
COMMENT ON COLUMN legibility_by_principle.principle IS 'Its heading, or “unplaced”.';
COMMENT ON COLUMN legibility_by_principle.found IS 'How many responses there are.';
COMMENT ON COLUMN legibility_by_principle.legible IS 'How many of them are read in full.';
COMMENT ON COLUMN legibility_by_principle.partial IS 'How many have words that are unsure or lost.';
COMMENT ON COLUMN legibility_by_principle.illegible IS 'How many cannot be read.';
COMMENT ON COLUMN legibility_by_principle.no_text IS 'How many have no writing.';
COMMENT ON COLUMN legibility_by_principle.reviewed IS 'How many at least one person has looked at.';

CREATE VIEW themes_by_principle AS
SELECT
    theme.workshop_id,
    theme.principle_id,
    coalesce(principle.heading, 'unplaced') AS principle,
    theme.theme_id,
    theme.label AS theme,
    theme.strength,
    theme.cohesion,
    (
        SELECT count(*) FROM note_theme
        WHERE note_theme.workshop_id = theme.workshop_id AND note_theme.theme_id = theme.theme_id
    ) AS notes,
    theme.quote_note_id,
    quoted.text AS quote,
    theme.is_named_by_person,
    theme.description,
    theme.is_suggested_missing,
    (
        SELECT count(*) FROM note_theme
        WHERE note_theme.workshop_id = theme.workshop_id AND note_theme.theme_id = theme.theme_id
            AND note_theme.is_sure
    ) AS sure_notes
FROM theme
JOIN workshop USING (workshop_id)
LEFT JOIN principle
    ON principle.workshop_id = theme.workshop_id AND principle.principle_id = theme.principle_id
LEFT JOIN note AS quoted ON quoted.workshop_id = theme.workshop_id AND quoted.note_id = theme.quote_note_id
ORDER BY workshop.position, principle.position NULLS LAST, theme.position;
COMMENT ON VIEW themes_by_principle IS 'What came up under each principle: suggested themes, their size and a quotation.';
COMMENT ON COLUMN themes_by_principle.workshop_id IS 'The workshop.';
COMMENT ON COLUMN themes_by_principle.principle_id IS 'The principle; empty for “unplaced”.';
COMMENT ON COLUMN themes_by_principle.principle IS 'Its heading, or “unplaced”.';
COMMENT ON COLUMN themes_by_principle.theme_id IS 'The theme''s short name, unique within the workshop.';
COMMENT ON COLUMN themes_by_principle.theme IS 'What the theme is called.';
COMMENT ON COLUMN themes_by_principle.strength IS 'suggested: a theme that is probably right; possible: a link worth a look.';
COMMENT ON COLUMN themes_by_principle.cohesion IS 'Mean likeness of its notes to each other; 1 is the same words.';
COMMENT ON COLUMN themes_by_principle.notes IS 'How many notes it groups.';
COMMENT ON COLUMN themes_by_principle.quote_note_id IS 'The note nearest its centre.';
COMMENT ON COLUMN themes_by_principle.quote IS 'What that note says.';
COMMENT ON COLUMN themes_by_principle.is_named_by_person IS 'True where a person gave the theme its name.';
COMMENT ON COLUMN themes_by_principle.description IS 'What a person wrote about it; empty where nobody did.';
COMMENT ON COLUMN themes_by_principle.is_suggested_missing IS 'True where it fits none of the principles asked about.';
COMMENT ON COLUMN themes_by_principle.sure_notes IS 'How many of its notes most surely say the same, or were put there by a person.';

CREATE VIEW changes AS
SELECT
    change.workshop_id,
    change.from_edition,
    change.to_edition,
    change.kind,
    change.note_id,
    change.principle_id,
    change.before,
    change.after,
    change.explanation
FROM change
JOIN workshop USING (workshop_id)
ORDER BY workshop.position, change.position;
COMMENT ON VIEW changes IS 'What changed from edition to edition.';
COMMENT ON COLUMN changes.workshop_id IS 'The workshop.';
COMMENT ON COLUMN changes.from_edition IS 'The earlier edition.';
COMMENT ON COLUMN changes.to_edition IS 'The later edition; empty for the present state, not yet published.';
COMMENT ON COLUMN changes.kind IS 'What sort of change, such as now_readable, corrected, added, removed, moved.';
COMMENT ON COLUMN changes.note_id IS 'The note, where the change is about one.';
COMMENT ON COLUMN changes.principle_id IS 'The principle, where the change is about one.';
COMMENT ON COLUMN changes.before IS 'What people read before.';
COMMENT ON COLUMN changes.after IS 'What people read after.';
COMMENT ON COLUMN changes.explanation IS 'Why, in plain words.';
