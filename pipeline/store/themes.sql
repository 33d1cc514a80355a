-- What stands beside the themes: tallies, links across principles, mentions, crosswalks; tables, then views.

CREATE TABLE theme_tally (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    position INTEGER NOT NULL CHECK (position >= 0),
    principle_id VARCHAR,
    in_theme INTEGER NOT NULL CHECK (in_theme >= 0),
    alone INTEGER NOT NULL CHECK (alone >= 0),
    without_content INTEGER NOT NULL CHECK (without_content >= 0),
    PRIMARY KEY (workshop_id, position),
    FOREIGN KEY (workshop_id, principle_id) REFERENCES principle (workshop_id, principle_id)
);
COMMENT ON TABLE theme_tally IS 'How the notes of each principle fared when themes were sought; the three counts add up.';
COMMENT ON COLUMN theme_tally.workshop_id IS 'The workshop.';
COMMENT ON COLUMN theme_tally.position IS 'Its place among the principles that have notes, from 0.';
COMMENT ON COLUMN theme_tally.principle_id IS 'The principle; empty for notes that no heading claims.';
COMMENT ON COLUMN theme_tally.in_theme IS 'Notes that are in a theme.';
COMMENT ON COLUMN theme_tally.alone IS 'Notes that say something no other note says.';
COMMENT ON COLUMN theme_tally.without_content IS 'Notes without a word that a theme could be made of: no text, illegible, “I agree!”.';

CREATE TABLE theme_link (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    link_id VARCHAR NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    label VARCHAR NOT NULL,
    similarity DOUBLE NOT NULL,
    quote_note_id VARCHAR NOT NULL,
    is_suggested_missing BOOLEAN NOT NULL,
    PRIMARY KEY (workshop_id, link_id),
    FOREIGN KEY (workshop_id, quote_note_id) REFERENCES note (workshop_id, note_id)
);
COMMENT ON TABLE theme_link IS 'Notes under two or more principles that say much the same: a suggestion.';
COMMENT ON COLUMN theme_link.workshop_id IS 'The workshop.';
COMMENT ON COLUMN theme_link.link_id IS 'A short name, unique within the workshop.';
COMMENT ON COLUMN theme_link.position IS 'Its place among the links, the most alike first, from 0.';
COMMENT ON COLUMN theme_link.label IS 'What its notes have in common.';
COMMENT ON COLUMN theme_link.similarity IS 'Mean likeness of its notes to each other; 1 is the same words.';
COMMENT ON COLUMN theme_link.quote_note_id IS 'The note nearest its centre: its quotation.';
COMMENT ON COLUMN theme_link.is_suggested_missing IS 'True where it fits none of the principles asked about.';

CREATE TABLE note_link (
    workshop_id VARCHAR NOT NULL,
    link_id VARCHAR NOT NULL,
    note_id VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, link_id, note_id),
    FOREIGN KEY (workshop_id, link_id) REFERENCES theme_link (workshop_id, link_id),
    FOREIGN KEY (workshop_id, note_id) REFERENCES note (workshop_id, note_id)
);
COMMENT ON TABLE note_link IS 'The notes of each link across principles.';
COMMENT ON COLUMN note_link.workshop_id IS 'The workshop.';
COMMENT ON COLUMN note_link.link_id IS 'The link.';
COMMENT ON COLUMN note_link.note_id IS 'A note of it.';

CREATE TABLE mention (
    workshop_id VARCHAR NOT NULL,
    note_id VARCHAR NOT NULL,
    principle_id VARCHAR NOT NULL,
    words VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, note_id, principle_id),
    FOREIGN KEY (workshop_id, note_id) REFERENCES note (workshop_id, note_id),
    FOREIGN KEY (workshop_id, principle_id) REFERENCES principle (workshop_id, principle_id)
);
COMMENT ON TABLE mention IS 'A note under one principle that names another in so many words.';
COMMENT ON COLUMN mention.workshop_id IS 'The workshop.';
COMMENT ON COLUMN mention.note_id IS 'The note.';
COMMENT ON COLUMN mention.principle_id IS 'The other principle, which it names.';
COMMENT ON COLUMN mention.words IS 'The words that name it, in small letters.';

CREATE TABLE lost_theme (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    theme_id VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    principle_id VARCHAR,
    reason VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, theme_id)
);
COMMENT ON TABLE lost_theme IS 'A theme that people named in themes.toml and that no note belongs to any more.';
COMMENT ON COLUMN lost_theme.workshop_id IS 'The workshop.';
COMMENT ON COLUMN lost_theme.theme_id IS 'Its key in themes.toml.';
COMMENT ON COLUMN lost_theme.label IS 'The name that people gave it.';
COMMENT ON COLUMN lost_theme.principle_id IS 'The principle it stood under; it may be gone, too.';
COMMENT ON COLUMN lost_theme.reason IS 'Why no note belongs to it.';

CREATE TABLE missing_heading (
    workshop_id VARCHAR NOT NULL,
    principle_id VARCHAR NOT NULL,
    theme_id VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    quote_note_id VARCHAR,
    PRIMARY KEY (workshop_id, principle_id),
    FOREIGN KEY (workshop_id, principle_id) REFERENCES principle (workshop_id, principle_id),
    FOREIGN KEY (workshop_id, quote_note_id) REFERENCES note (workshop_id, note_id)
);
COMMENT ON TABLE missing_heading IS 'A heading that nobody was asked about: people named it when they were invited to say what is missing.';
COMMENT ON COLUMN missing_heading.workshop_id IS 'The workshop.';
COMMENT ON COLUMN missing_heading.principle_id IS 'The heading, as in principle.';
COMMENT ON COLUMN missing_heading.theme_id IS 'Its short name as a theme, unique within the workshop.';
COMMENT ON COLUMN missing_heading.label IS 'What people called it.';
COMMENT ON COLUMN missing_heading.quote_note_id IS 'The note nearest to its name; empty where none can be read.';

CREATE TABLE other_framework (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    framework VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, framework)
);
COMMENT ON TABLE other_framework IS 'Another set of principles through which a workshop''s notes are seen.';
COMMENT ON COLUMN other_framework.workshop_id IS 'The workshop.';
COMMENT ON COLUMN other_framework.framework IS 'Its code, as in workshop.toml.';
COMMENT ON COLUMN other_framework.title IS 'What it is called.';

CREATE TABLE other_principle (
    workshop_id VARCHAR NOT NULL,
    framework VARCHAR NOT NULL,
    principle_id VARCHAR NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    heading VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, framework, principle_id),
    FOREIGN KEY (workshop_id, framework) REFERENCES other_framework (workshop_id, framework)
);
COMMENT ON TABLE other_principle IS 'A principle of another framework.';
COMMENT ON COLUMN other_principle.workshop_id IS 'The workshop.';
COMMENT ON COLUMN other_principle.framework IS 'The framework.';
COMMENT ON COLUMN other_principle.principle_id IS 'The principle''s name within its framework.';
COMMENT ON COLUMN other_principle.position IS 'Its place in the framework, from 0.';
COMMENT ON COLUMN other_principle.heading IS 'What people read for it.';

CREATE TABLE crossing (
    workshop_id VARCHAR NOT NULL,
    framework VARCHAR NOT NULL,
    note_id VARCHAR NOT NULL,
    suggested_principle_id VARCHAR,
    similarity DOUBLE NOT NULL,
    margin DOUBLE NOT NULL,
    PRIMARY KEY (workshop_id, framework, note_id),
    FOREIGN KEY (workshop_id, framework) REFERENCES other_framework (workshop_id, framework),
    FOREIGN KEY (workshop_id, note_id) REFERENCES note (workshop_id, note_id),
    FOREIGN KEY (workshop_id, framework, suggested_principle_id)
        REFERENCES other_principle (workshop_id, framework, principle_id)
);
COMMENT ON TABLE crossing IS 'Which principle of another framework a note is nearest to: a suggestion by similarity, never a placement.';
COMMENT ON COLUMN crossing.workshop_id IS 'The workshop.';
COMMENT ON COLUMN crossing.framework IS 'The other framework.';
COMMENT ON COLUMN crossing.note_id IS 'The note; those without a word to go by are left out.';
COMMENT ON COLUMN crossing.suggested_principle_id IS 'The principle suggested; empty where none is near, or two are equally near.';
COMMENT ON COLUMN crossing.similarity IS 'How near the nearest principle is (cosine).';
COMMENT ON COLUMN crossing.margin IS 'How much nearer it is than the next.';

CREATE VIEW themes_by_principle_and_type AS
SELECT
    theme.workshop_id,
    theme.principle_id,
    coalesce(principle.heading, 'unplaced') AS principle,
    theme.theme_id,
    theme.label AS theme,
    note.response_type,
    response_type_code.label,
    count(*) AS notes
FROM theme
JOIN workshop USING (workshop_id)
JOIN note_theme ON note_theme.workshop_id = theme.workshop_id AND note_theme.theme_id = theme.theme_id
JOIN note ON note.workshop_id = note_theme.workshop_id AND note.note_id = note_theme.note_id
JOIN response_type_code ON response_type_code.code = note.response_type
LEFT JOIN principle
    ON principle.workshop_id = theme.workshop_id AND principle.principle_id = theme.principle_id
GROUP BY
    theme.workshop_id, theme.principle_id, principle.heading, theme.theme_id, theme.label, note.response_type,
    response_type_code.label, workshop.position, principle.position, theme.position, response_type_code.position
ORDER BY workshop.position, principle.position NULLS LAST, theme.position, response_type_code.position;
COMMENT ON VIEW themes_by_principle_and_type IS 'How many responses of each type each theme has; only what occurs.';
COMMENT ON COLUMN themes_by_principle_and_type.workshop_id IS 'The workshop.';
COMMENT ON COLUMN themes_by_principle_and_type.principle_id IS 'The principle; empty for “unplaced”.';
COMMENT ON COLUMN themes_by_principle_and_type.principle IS 'Its heading, or “unplaced”.';
COMMENT ON COLUMN themes_by_principle_and_type.theme_id IS 'The theme''s short name, unique within the workshop.';
COMMENT ON COLUMN themes_by_principle_and_type.theme IS 'What the theme is called.';
COMMENT ON COLUMN themes_by_principle_and_type.response_type IS 'The type of response (see response_type_code).';
COMMENT ON COLUMN themes_by_principle_and_type.label IS 'What people call that type.';
COMMENT ON COLUMN themes_by_principle_and_type.notes IS 'How many of the theme''s notes are of that type.';

CREATE VIEW links AS
SELECT
    theme_link.workshop_id,
    theme_link.link_id,
    theme_link.label AS link,
    theme_link.similarity,
    note_link.note_id,
    note.principle_id,
    coalesce(principle.heading, 'unplaced') AS principle,
    note.response_type,
    note.text,
    note_link.note_id = theme_link.quote_note_id AS is_quote,
    theme_link.is_suggested_missing
FROM theme_link
JOIN workshop USING (workshop_id)
JOIN note_link ON note_link.workshop_id = theme_link.workshop_id AND note_link.link_id = theme_link.link_id
JOIN note ON note.workshop_id = note_link.workshop_id AND note.note_id = note_link.note_id
LEFT JOIN principle
    ON principle.workshop_id = note.workshop_id AND principle.principle_id = note.principle_id
ORDER BY workshop.position, theme_link.position, principle.position NULLS LAST, note.position, note.note_id;
COMMENT ON VIEW links IS 'What is said under several principles: one row for each note of each link. Links are suggestions.';
COMMENT ON COLUMN links.workshop_id IS 'The workshop.';
COMMENT ON COLUMN links.link_id IS 'The link''s short name, unique within the workshop.';
COMMENT ON COLUMN links.link IS 'What its notes have in common.';
COMMENT ON COLUMN links.similarity IS 'Mean likeness of its notes to each other; 1 is the same words.';
COMMENT ON COLUMN links.note_id IS 'The note.';
COMMENT ON COLUMN links.principle_id IS 'The principle the note stands under; empty for “unplaced”.';
COMMENT ON COLUMN links.principle IS 'Its heading, or “unplaced”.';
COMMENT ON COLUMN links.response_type IS 'The note''s type of response (see response_type_code).';
COMMENT ON COLUMN links.text IS 'What the note says.';
COMMENT ON COLUMN links.is_quote IS 'True for the note nearest the link''s centre.';
COMMENT ON COLUMN links.is_suggested_missing IS 'True where the link fits none of the principles asked about.';

CREATE VIEW mentions AS
SELECT
    mention.workshop_id,
    mention.note_id,
    note.principle_id,
    coalesce(own.heading, 'unplaced') AS principle,
    note.text,
    mention.principle_id AS mentioned_principle_id,
    other.heading AS mentioned_principle
FROM mention
JOIN workshop USING (workshop_id)
JOIN note ON note.workshop_id = mention.workshop_id AND note.note_id = mention.note_id
JOIN principle AS other
    ON other.workshop_id = mention.workshop_id AND other.principle_id = mention.principle_id
LEFT JOIN principle AS own
    ON own.workshop_id = note.workshop_id AND own.principle_id = note.principle_id
ORDER BY workshop.position, own.position NULLS LAST, note.position, note.note_id, other.position;
COMMENT ON VIEW mentions IS 'Notes under one principle that name another in so many words.';
COMMENT ON COLUMN mentions.workshop_id IS 'The workshop.';
COMMENT ON COLUMN mentions.note_id IS 'The note.';
COMMENT ON COLUMN mentions.principle_id IS 'The principle the note stands under; empty for “unplaced”.';
COMMENT ON COLUMN mentions.principle IS 'Its heading, or “unplaced”.';
COMMENT ON COLUMN mentions.text IS 'What the note says.';
COMMENT ON COLUMN mentions.mentioned_principle_id IS 'The principle that the note names.';
COMMENT ON COLUMN mentions.mentioned_principle IS 'Its heading.';

CREATE VIEW suggested_missing AS
SELECT
    theme.workshop_id,
    theme.theme_id,
    theme.label AS theme,
    (
        SELECT count(*) FROM note_theme
        WHERE note_theme.workshop_id = theme.workshop_id AND note_theme.theme_id = theme.theme_id
    ) AS notes,
    note.text AS quote,
    'theme' AS found_as
FROM theme
LEFT JOIN note ON note.workshop_id = theme.workshop_id AND note.note_id = theme.quote_note_id
WHERE theme.is_suggested_missing
UNION ALL
SELECT
    theme_link.workshop_id,
    theme_link.link_id,
    theme_link.label,
    (
        SELECT count(*) FROM note_link
        WHERE note_link.workshop_id = theme_link.workshop_id AND note_link.link_id = theme_link.link_id
    ),
    note.text,
    'link'
FROM theme_link
JOIN note ON note.workshop_id = theme_link.workshop_id AND note.note_id = theme_link.quote_note_id
WHERE theme_link.is_suggested_missing
UNION ALL
SELECT
    missing_heading.workshop_id,
    missing_heading.theme_id,
    missing_heading.label,
    (
        SELECT count(*) FROM note
        WHERE note.workshop_id = missing_heading.workshop_id AND note.principle_id = missing_heading.principle_id
    ),
    note.text,
    'heading'
FROM missing_heading
LEFT JOIN note
    ON note.workshop_id = missing_heading.workshop_id AND note.note_id = missing_heading.quote_note_id
ORDER BY 1, 4 DESC, 2;
COMMENT ON VIEW suggested_missing IS 'What may be missing: what people named when they were invited to, and themes, and links across principles, that fit none of the principles asked about.';
COMMENT ON COLUMN suggested_missing.workshop_id IS 'The workshop.';
COMMENT ON COLUMN suggested_missing.theme_id IS 'The theme''s, the link''s or the heading''s short name.';
COMMENT ON COLUMN suggested_missing.theme IS 'What it is called.';
COMMENT ON COLUMN suggested_missing.notes IS 'How many notes it groups.';
COMMENT ON COLUMN suggested_missing.quote IS 'What the note nearest its centre says; of a heading, that nearest to its name.';
COMMENT ON COLUMN suggested_missing.found_as IS 'heading: named by people; theme: among the notes of one heading, or of none; link: across principles.';

CREATE VIEW crosswalk AS
SELECT
    crossing.workshop_id,
    crossing.framework,
    crossing.note_id,
    note.principle_id,
    coalesce(own.heading, 'unplaced') AS principle,
    crossing.suggested_principle_id,
    other_principle.heading AS suggested_principle,
    crossing.similarity,
    crossing.margin,
    note.response_type,
    note.text
FROM crossing
JOIN workshop USING (workshop_id)
JOIN note ON note.workshop_id = crossing.workshop_id AND note.note_id = crossing.note_id
LEFT JOIN principle AS own
    ON own.workshop_id = note.workshop_id AND own.principle_id = note.principle_id
LEFT JOIN other_principle
    ON other_principle.workshop_id = crossing.workshop_id
    AND other_principle.framework = crossing.framework
    AND other_principle.principle_id = crossing.suggested_principle_id
ORDER BY workshop.position, crossing.framework, own.position NULLS LAST, note.position, note.note_id;
COMMENT ON VIEW crosswalk IS 'The same responses through another framework: which of its principles each note is nearest to. A suggestion by similarity, never a placement.';
COMMENT ON COLUMN crosswalk.workshop_id IS 'The workshop.';
COMMENT ON COLUMN crosswalk.framework IS 'The other framework''s code.';
COMMENT ON COLUMN crosswalk.note_id IS 'The note; those without a word to go by are left out.';
COMMENT ON COLUMN crosswalk.principle_id IS 'The principle it was written under; empty for “unplaced”.';
COMMENT ON COLUMN crosswalk.principle IS 'Its heading, or “unplaced”.';
COMMENT ON COLUMN crosswalk.suggested_principle_id IS 'The other framework''s principle that is suggested; empty where none is near, or two are equally near.';
COMMENT ON COLUMN crosswalk.suggested_principle IS 'Its heading.';
COMMENT ON COLUMN crosswalk.similarity IS 'How near it is (cosine).';
COMMENT ON COLUMN crosswalk.margin IS 'How much nearer than the next.';
COMMENT ON COLUMN crosswalk.response_type IS 'The note''s type of response (see response_type_code).';
COMMENT ON COLUMN crosswalk.text IS 'What the note says.';
