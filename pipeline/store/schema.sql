-- The tables of processed/workshops.duckdb. They hold what the records say and nothing else: the
-- file is rebuilt from raw/ at every run, so nothing here is ever edited by hand. Tables stand in
-- the order in which they are filled. People ask the views (views.sql), not the tables.

-- Coded values: filled from pipeline/vocabulary.py ------------------------------------------------

CREATE TABLE shape_code (
    code VARCHAR PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0),
    label VARCHAR NOT NULL,
    description VARCHAR NOT NULL
);
COMMENT ON TABLE shape_code IS 'The shapes a note can be cut in.';
COMMENT ON COLUMN shape_code.code IS 'The value stored in the data.';
COMMENT ON COLUMN shape_code.position IS 'Its place in the list, from 0.';
COMMENT ON COLUMN shape_code.label IS 'What people read.';
COMMENT ON COLUMN shape_code.description IS 'What it means.';

CREATE TABLE response_type_code (
    code VARCHAR PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0),
    label VARCHAR NOT NULL,
    description VARCHAR NOT NULL
);
COMMENT ON TABLE response_type_code IS 'The types of response; the workshop''s legend gives each shape its type.';
COMMENT ON COLUMN response_type_code.code IS 'The value stored in the data.';
COMMENT ON COLUMN response_type_code.position IS 'Its place in the list, from 0.';
COMMENT ON COLUMN response_type_code.label IS 'What people read.';
COMMENT ON COLUMN response_type_code.description IS 'What it means.';

CREATE TABLE text_status_code (
    code VARCHAR PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0),
    label VARCHAR NOT NULL,
    description VARCHAR NOT NULL
);
COMMENT ON TABLE text_status_code IS 'What is on the paper: how much of a note''s writing can be read.';
COMMENT ON COLUMN text_status_code.code IS 'The value stored in the data.';
COMMENT ON COLUMN text_status_code.position IS 'Its place in the list, from 0.';
COMMENT ON COLUMN text_status_code.label IS 'What people read.';
COMMENT ON COLUMN text_status_code.description IS 'What it means.';

CREATE TABLE reading_state_code (
    code VARCHAR PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0),
    label VARCHAR NOT NULL,
    description VARCHAR NOT NULL
);
COMMENT ON TABLE reading_state_code IS 'Who has looked at a note''s text.';
COMMENT ON COLUMN reading_state_code.code IS 'The value stored in the data.';
COMMENT ON COLUMN reading_state_code.position IS 'Its place in the list, from 0.';
COMMENT ON COLUMN reading_state_code.label IS 'What people read.';
COMMENT ON COLUMN reading_state_code.description IS 'What it means.';

CREATE TABLE colour_code (
    code VARCHAR PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0),
    label VARCHAR NOT NULL,
    description VARCHAR NOT NULL
);
COMMENT ON TABLE colour_code IS 'The names of paper colours.';
COMMENT ON COLUMN colour_code.code IS 'The value stored in the data.';
COMMENT ON COLUMN colour_code.position IS 'Its place in the list, from 0.';
COMMENT ON COLUMN colour_code.label IS 'What people read.';
COMMENT ON COLUMN colour_code.description IS 'What it means.';

CREATE TABLE refusal_code (
    code VARCHAR PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0),
    label VARCHAR NOT NULL,
    description VARCHAR NOT NULL
);
COMMENT ON TABLE refusal_code IS 'Why a file was not processed.';
COMMENT ON COLUMN refusal_code.code IS 'The value stored in the data.';
COMMENT ON COLUMN refusal_code.position IS 'Its place in the list, from 0.';
COMMENT ON COLUMN refusal_code.label IS 'What people read.';
COMMENT ON COLUMN refusal_code.description IS 'What it means.';

CREATE TABLE mark_code (
    code VARCHAR PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0),
    label VARCHAR NOT NULL,
    description VARCHAR NOT NULL
);
COMMENT ON TABLE mark_code IS 'The marks that stand inside a text for what cannot be read or is not printed.';
COMMENT ON COLUMN mark_code.code IS 'The mark as it stands in the text.';
COMMENT ON COLUMN mark_code.position IS 'Its place in the list, from 0.';
COMMENT ON COLUMN mark_code.label IS 'What people call it.';
COMMENT ON COLUMN mark_code.description IS 'What it means.';

-- The workshop -------------------------------------------------------------------------------------

CREATE TABLE workshop (
    workshop_id VARCHAR PRIMARY KEY CHECK (workshop_id <> ''),
    position INTEGER NOT NULL CHECK (position >= 0),
    title VARCHAR NOT NULL,
    date VARCHAR,
    place VARCHAR,
    language VARCHAR NOT NULL,
    licence VARCHAR,
    contact VARCHAR,
    point VARCHAR NOT NULL,
    introduction VARCHAR NOT NULL
);
COMMENT ON TABLE workshop IS 'One workshop: a folder below raw/.';
COMMENT ON COLUMN workshop.workshop_id IS 'The name of the workshop''s folder below raw/.';
COMMENT ON COLUMN workshop.position IS 'Its place among the workshops, from 0.';
COMMENT ON COLUMN workshop.title IS 'Its title, as in workshop.toml.';
COMMENT ON COLUMN workshop.date IS 'When it was held, as in workshop.toml (YYYY-MM-DD where it is a date).';
COMMENT ON COLUMN workshop.place IS 'Where it was held.';
COMMENT ON COLUMN workshop.language IS 'The language of the notes, as a code such as en.';
COMMENT ON COLUMN workshop.licence IS 'The licence the record is published under.';
COMMENT ON COLUMN workshop.contact IS 'Whom to write to.';
COMMENT ON COLUMN workshop.point IS 'How sure a reading had to be to be printed: strict, default or draft.';
COMMENT ON COLUMN workshop.introduction IS 'What people were asked, as the record''s introduction says it.';

CREATE TABLE notice (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    position INTEGER NOT NULL CHECK (position >= 0),
    text VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, position)
);
COMMENT ON TABLE notice IS 'Sentences for the method note: what readers of the record should know about how it was made.';
COMMENT ON COLUMN notice.workshop_id IS 'The workshop.';
COMMENT ON COLUMN notice.position IS 'Its place among the notices, from 0.';
COMMENT ON COLUMN notice.text IS 'The sentence.';

CREATE TABLE legend (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    shape VARCHAR NOT NULL REFERENCES shape_code (code),
    response_type VARCHAR NOT NULL REFERENCES response_type_code (code),
    PRIMARY KEY (workshop_id, shape)
);
COMMENT ON TABLE legend IS 'How people could respond: the type of response each shape stood for.';
COMMENT ON COLUMN legend.workshop_id IS 'The workshop.';
COMMENT ON COLUMN legend.shape IS 'The shape of the note (see shape_code).';
COMMENT ON COLUMN legend.response_type IS 'What that shape meant in this workshop (see response_type_code).';

CREATE TABLE software (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    component VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, component)
);
COMMENT ON TABLE software IS 'What the record was made with.';
COMMENT ON COLUMN software.workshop_id IS 'The workshop.';
COMMENT ON COLUMN software.component IS 'A program, reader or model.';
COMMENT ON COLUMN software.version IS 'Its version or fingerprint.';

CREATE TABLE principle (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    principle_id VARCHAR NOT NULL CHECK (principle_id <> ''),
    position INTEGER NOT NULL CHECK (position >= 0),
    heading VARCHAR NOT NULL,
    also VARCHAR[] NOT NULL,
    stated INTEGER CHECK (stated >= 0),
    description VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, principle_id)
);
COMMENT ON TABLE principle IS 'A printed heading that people were asked about.';
COMMENT ON COLUMN principle.workshop_id IS 'The workshop.';
COMMENT ON COLUMN principle.principle_id IS 'A short name, unique within the workshop.';
COMMENT ON COLUMN principle.position IS 'Its place among the principles, from 0.';
COMMENT ON COLUMN principle.heading IS 'The heading as the record prints it.';
COMMENT ON COLUMN principle.also IS 'Other wordings seen on cards.';
COMMENT ON COLUMN principle.stated IS 'A number of responses that was already published; empty where none was.';
COMMENT ON COLUMN principle.description IS 'What the principle means.';

-- Photographs and boards ---------------------------------------------------------------------------

CREATE TABLE photo (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    photo VARCHAR NOT NULL CHECK (photo <> ''),
    position INTEGER NOT NULL CHECK (position >= 0),
    sha256 VARCHAR NOT NULL CHECK (length(sha256) = 64),
    width INTEGER NOT NULL CHECK (width > 0),
    height INTEGER NOT NULL CHECK (height > 0),
    format VARCHAR NOT NULL,
    turn INTEGER NOT NULL CHECK (turn IN (0, 90, 180, 270)),
    PRIMARY KEY (workshop_id, photo),
    UNIQUE (workshop_id, sha256)
);
COMMENT ON TABLE photo IS 'A photograph that was accepted.';
COMMENT ON COLUMN photo.workshop_id IS 'The workshop.';
COMMENT ON COLUMN photo.photo IS 'The file''s path below raw/<workshop>/.';
COMMENT ON COLUMN photo.position IS 'Its place among the photographs, from 0.';
COMMENT ON COLUMN photo.sha256 IS 'The SHA-256 digest of the file: its identity, whatever it is called.';
COMMENT ON COLUMN photo.width IS 'Width of the upright picture in pixels.';
COMMENT ON COLUMN photo.height IS 'Height of the upright picture in pixels.';
COMMENT ON COLUMN photo.format IS 'The format of the content, such as JPEG.';
COMMENT ON COLUMN photo.turn IS 'Degrees clockwise by which the file''s picture was turned to stand upright; 0 where the file was right.';

CREATE TABLE refusal (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    position INTEGER NOT NULL CHECK (position >= 0),
    path VARCHAR NOT NULL,
    code VARCHAR NOT NULL REFERENCES refusal_code (code),
    reason VARCHAR NOT NULL,
    remedy VARCHAR NOT NULL,
    sha256 VARCHAR CHECK (length(sha256) = 64),
    PRIMARY KEY (workshop_id, position)
);
COMMENT ON TABLE refusal IS 'A file that was not processed, and why.';
COMMENT ON COLUMN refusal.workshop_id IS 'The workshop.';
COMMENT ON COLUMN refusal.position IS 'Its place among the refusals, from 0.';
COMMENT ON COLUMN refusal.path IS 'The file''s path below raw/<workshop>/.';
COMMENT ON COLUMN refusal.code IS 'Why it was refused, as a code (see refusal_code).';
COMMENT ON COLUMN refusal.reason IS 'Why it was refused, in words.';
COMMENT ON COLUMN refusal.remedy IS 'What can be done about it.';
COMMENT ON COLUMN refusal.sha256 IS 'The SHA-256 digest of the file; empty where it could not be read.';

CREATE TABLE board (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    board_id VARCHAR NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    PRIMARY KEY (workshop_id, board_id)
);
COMMENT ON TABLE board IS 'One sheet or wall of notes, seen in one photograph or several.';
COMMENT ON COLUMN board.workshop_id IS 'The workshop.';
COMMENT ON COLUMN board.board_id IS 'A short name, unique within the workshop.';
COMMENT ON COLUMN board.position IS 'Its place among the boards, from 0.';

CREATE TABLE board_photo (
    workshop_id VARCHAR NOT NULL,
    board_id VARCHAR NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    photo VARCHAR NOT NULL,
    transform DOUBLE[] NOT NULL CHECK (len(transform) = 9),
    PRIMARY KEY (workshop_id, board_id, position),
    FOREIGN KEY (workshop_id, board_id) REFERENCES board (workshop_id, board_id),
    FOREIGN KEY (workshop_id, photo) REFERENCES photo (workshop_id, photo)
);
COMMENT ON TABLE board_photo IS 'Which photographs show a board, and how each lies on the first.';
COMMENT ON COLUMN board_photo.workshop_id IS 'The workshop.';
COMMENT ON COLUMN board_photo.board_id IS 'The board.';
COMMENT ON COLUMN board_photo.position IS 'Its place among the board''s photographs; 0 is the one the others are laid over.';
COMMENT ON COLUMN board_photo.photo IS 'The photograph''s path below raw/<workshop>/.';
COMMENT ON COLUMN board_photo.transform IS 'Nine numbers, row by row: the homography from this photograph''s pixels to the first one''s.';

CREATE TABLE heading (
    workshop_id VARCHAR NOT NULL,
    board_id VARCHAR NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    text VARCHAR NOT NULL,
    confidence DOUBLE NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    photo VARCHAR NOT NULL,
    polygon STRUCT(x DOUBLE, y DOUBLE)[] NOT NULL CHECK (len(polygon) >= 3),
    PRIMARY KEY (workshop_id, board_id, position),
    FOREIGN KEY (workshop_id, board_id) REFERENCES board (workshop_id, board_id),
    FOREIGN KEY (workshop_id, photo) REFERENCES photo (workshop_id, photo)
);
COMMENT ON TABLE heading IS 'A printed heading as it was found and read on a board.';
COMMENT ON COLUMN heading.workshop_id IS 'The workshop.';
COMMENT ON COLUMN heading.board_id IS 'The board.';
COMMENT ON COLUMN heading.position IS 'Its place among the board''s headings, from 0.';
COMMENT ON COLUMN heading.text IS 'What the reader made of it.';
COMMENT ON COLUMN heading.confidence IS 'How sure the reader was, from 0 to 1.';
COMMENT ON COLUMN heading.photo IS 'The photograph it was read from, as a path below raw/<workshop>/.';
COMMENT ON COLUMN heading.polygon IS 'Its outline in pixels of the board''s first photograph.';

-- Notes --------------------------------------------------------------------------------------------

CREATE TABLE note (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    note_id VARCHAR NOT NULL CHECK (note_id <> ''),
    position INTEGER NOT NULL,
    principle_id VARCHAR,
    response_type VARCHAR NOT NULL REFERENCES response_type_code (code),
    shape VARCHAR NOT NULL REFERENCES shape_code (code),
    shape_confidence DOUBLE NOT NULL CHECK (shape_confidence BETWEEN 0 AND 1),
    colour VARCHAR NOT NULL REFERENCES colour_code (code),
    text VARCHAR NOT NULL,
    text_status VARCHAR NOT NULL REFERENCES text_status_code (code),
    reading_state VARCHAR NOT NULL REFERENCES reading_state_code (code),
    confidence DOUBLE NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    board_id VARCHAR,
    placement VARCHAR NOT NULL,
    turn INTEGER NOT NULL,
    transcript_group INTEGER,
    personal_data VARCHAR[] NOT NULL,
    PRIMARY KEY (workshop_id, note_id),
    FOREIGN KEY (workshop_id, principle_id) REFERENCES principle (workshop_id, principle_id),
    FOREIGN KEY (workshop_id, board_id) REFERENCES board (workshop_id, board_id),
    CHECK ((text_status IN ('no_text', 'illegible')) = (text = ''))
);
COMMENT ON TABLE note IS 'One response: a physical note, or a listed note of an imported transcript.';
COMMENT ON COLUMN note.workshop_id IS 'The workshop.';
COMMENT ON COLUMN note.note_id IS 'The note''s name, unique within the workshop, the same from run to run.';
COMMENT ON COLUMN note.position IS 'The order of notes within a principle.';
COMMENT ON COLUMN note.principle_id IS 'The principle it responds to; empty where no heading claims it.';
COMMENT ON COLUMN note.response_type IS 'The type of response (see response_type_code).';
COMMENT ON COLUMN note.shape IS 'The shape of the paper (see shape_code).';
COMMENT ON COLUMN note.shape_confidence IS 'How sure the shape is, from 0 to 1.';
COMMENT ON COLUMN note.colour IS 'The colour of the paper (see colour_code).';
COMMENT ON COLUMN note.text IS 'The words with their marks; nothing where the note has no text or cannot be read.';
COMMENT ON COLUMN note.text_status IS 'What is on the paper (see text_status_code).';
COMMENT ON COLUMN note.reading_state IS 'Who has looked (see reading_state_code).';
COMMENT ON COLUMN note.confidence IS 'The probability, from 0 to 1, that the text is right.';
COMMENT ON COLUMN note.board_id IS 'The board it hangs on; empty for a note of an imported transcript.';
COMMENT ON COLUMN note.placement IS 'Why it was given to this principle, in plain words.';
COMMENT ON COLUMN note.turn IS 'Degrees, clockwise, by which the cut-out note has to be turned to be read.';
COMMENT ON COLUMN note.transcript_group IS 'The group it stood in in an imported transcript.';
COMMENT ON COLUMN note.personal_data IS 'Kinds of personal data that a machine suspects in the text; for reviewers, never published.';

CREATE TABLE reply (
    workshop_id VARCHAR NOT NULL,
    note_id VARCHAR NOT NULL,
    answers_note_id VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, note_id),
    FOREIGN KEY (workshop_id, note_id) REFERENCES note (workshop_id, note_id),
    FOREIGN KEY (workshop_id, answers_note_id) REFERENCES note (workshop_id, note_id),
    CHECK (note_id <> answers_note_id)
);
COMMENT ON TABLE reply IS 'A note that points at another one, such as “↑ THIS”.';
COMMENT ON COLUMN reply.workshop_id IS 'The workshop.';
COMMENT ON COLUMN reply.note_id IS 'The note that points.';
COMMENT ON COLUMN reply.answers_note_id IS 'The note it points at.';

CREATE TABLE sighting (
    workshop_id VARCHAR NOT NULL,
    note_id VARCHAR NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    photo VARCHAR NOT NULL,
    outline_index INTEGER NOT NULL CHECK (outline_index >= -1),
    polygon STRUCT(x DOUBLE, y DOUBLE)[] NOT NULL CHECK (len(polygon) >= 3),
    x DOUBLE NOT NULL,
    y DOUBLE NOT NULL,
    width DOUBLE NOT NULL CHECK (width >= 0),
    height DOUBLE NOT NULL CHECK (height >= 0),
    PRIMARY KEY (workshop_id, note_id, position),
    FOREIGN KEY (workshop_id, note_id) REFERENCES note (workshop_id, note_id),
    FOREIGN KEY (workshop_id, photo) REFERENCES photo (workshop_id, photo)
);
COMMENT ON TABLE sighting IS 'One note as seen in one photograph.';
COMMENT ON COLUMN sighting.workshop_id IS 'The workshop.';
COMMENT ON COLUMN sighting.note_id IS 'The note.';
COMMENT ON COLUMN sighting.position IS 'Its place among the note''s sightings; 0 is the best (sharpest, least covered).';
COMMENT ON COLUMN sighting.photo IS 'The photograph''s path below raw/<workshop>/.';
COMMENT ON COLUMN sighting.outline_index IS 'The number of the outline among the photograph''s; -1 where a person drew it.';
COMMENT ON COLUMN sighting.polygon IS 'The note''s visible edge in pixels of the upright full-size photograph.';
COMMENT ON COLUMN sighting.x IS 'Left edge of the box round the polygon, in pixels.';
COMMENT ON COLUMN sighting.y IS 'Upper edge of the box round the polygon, in pixels.';
COMMENT ON COLUMN sighting.width IS 'Width of the box round the polygon, in pixels.';
COMMENT ON COLUMN sighting.height IS 'Height of the box round the polygon, in pixels.';

CREATE TABLE reading (
    workshop_id VARCHAR NOT NULL,
    note_id VARCHAR NOT NULL,
    machine_text VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, note_id),
    FOREIGN KEY (workshop_id, note_id) REFERENCES note (workshop_id, note_id)
);
COMMENT ON TABLE reading IS 'Internal: what the machine made of a note, right or wrong. Never published.';
COMMENT ON COLUMN reading.workshop_id IS 'The workshop.';
COMMENT ON COLUMN reading.note_id IS 'The note.';
COMMENT ON COLUMN reading.machine_text IS 'What the main reader said, unchecked. Never published.';

CREATE TABLE theme (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    theme_id VARCHAR NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    principle_id VARCHAR,
    label VARCHAR NOT NULL,
    strength VARCHAR NOT NULL CHECK (strength IN ('suggested', 'possible')),
    cohesion DOUBLE NOT NULL,
    quote_note_id VARCHAR,
    is_named_by_person BOOLEAN NOT NULL,
    description VARCHAR NOT NULL,
    is_suggested_missing BOOLEAN NOT NULL,
    PRIMARY KEY (workshop_id, theme_id),
    FOREIGN KEY (workshop_id, principle_id) REFERENCES principle (workshop_id, principle_id),
    FOREIGN KEY (workshop_id, quote_note_id) REFERENCES note (workshop_id, note_id)
);
COMMENT ON TABLE theme IS 'A theme among one principle''s notes: a suggestion, until a person owns it.';
COMMENT ON COLUMN theme.workshop_id IS 'The workshop.';
COMMENT ON COLUMN theme.theme_id IS 'A short name, unique within the workshop.';
COMMENT ON COLUMN theme.position IS 'Its place among the themes, from 0.';
COMMENT ON COLUMN theme.principle_id IS 'The principle whose notes it groups; empty for notes that no heading claims.';
COMMENT ON COLUMN theme.label IS 'What the theme is called.';
COMMENT ON COLUMN theme.strength IS 'suggested: a theme that is probably right; possible: a link worth a look.';
COMMENT ON COLUMN theme.cohesion IS 'Mean likeness of its notes to each other; 1 is the same words.';
COMMENT ON COLUMN theme.quote_note_id IS 'The note nearest its centre: its quotation.';
COMMENT ON COLUMN theme.is_named_by_person IS 'True where a person gave it its name.';
COMMENT ON COLUMN theme.description IS 'What a person wrote about it; empty where nobody did.';
COMMENT ON COLUMN theme.is_suggested_missing IS 'True where it fits none of the principles asked about.';

CREATE TABLE note_theme (
    workshop_id VARCHAR NOT NULL,
    note_id VARCHAR NOT NULL,
    theme_id VARCHAR NOT NULL,
    is_sure BOOLEAN NOT NULL,
    PRIMARY KEY (workshop_id, note_id),
    FOREIGN KEY (workshop_id, note_id) REFERENCES note (workshop_id, note_id),
    FOREIGN KEY (workshop_id, theme_id) REFERENCES theme (workshop_id, theme_id)
);
COMMENT ON TABLE note_theme IS 'The theme a note belongs to; a note has one theme at most.';
COMMENT ON COLUMN note_theme.workshop_id IS 'The workshop.';
COMMENT ON COLUMN note_theme.note_id IS 'The note.';
COMMENT ON COLUMN note_theme.theme_id IS 'Its theme.';
COMMENT ON COLUMN note_theme.is_sure IS 'True for notes that most surely say the same, or that a person put there; false where it may belong.';

-- Decisions and editions ---------------------------------------------------------------------------

CREATE TABLE decision (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    position INTEGER NOT NULL CHECK (position >= 0),
    decision_id VARCHAR NOT NULL,
    is_orphan BOOLEAN NOT NULL,
    photo_sha256 VARCHAR NOT NULL,
    polygon STRUCT(x DOUBLE, y DOUBLE)[] NOT NULL,
    field VARCHAR NOT NULL,
    old VARCHAR NOT NULL,
    new VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    person VARCHAR NOT NULL,
    decided_at VARCHAR NOT NULL,
    based_on VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, position)
);
COMMENT ON TABLE decision IS 'Internal: what people decided about single notes, from decisions.jsonl.';
COMMENT ON COLUMN decision.workshop_id IS 'The workshop.';
COMMENT ON COLUMN decision.position IS 'Its place in the order in which decisions were made, from 0.';
COMMENT ON COLUMN decision.decision_id IS 'The decision''s own id, as in decisions.jsonl.';
COMMENT ON COLUMN decision.is_orphan IS 'True where no note was found that it belongs to; such decisions are kept and reported.';
COMMENT ON COLUMN decision.photo_sha256 IS 'The digest of the photograph it was made on.';
COMMENT ON COLUMN decision.polygon IS 'The outline it was made on, in pixels of the upright full-size photograph.';
COMMENT ON COLUMN decision.field IS 'What it changes, such as text or principle_id.';
COMMENT ON COLUMN decision.old IS 'The value before, as JSON.';
COMMENT ON COLUMN decision.new IS 'The value after, as JSON.';
COMMENT ON COLUMN decision.reason IS 'Why.';
COMMENT ON COLUMN decision.person IS 'Who decided.';
COMMENT ON COLUMN decision.decided_at IS 'When, as ISO 8601.';
COMMENT ON COLUMN decision.based_on IS 'The reading the person saw.';

CREATE TABLE edition (
    workshop_id VARCHAR NOT NULL REFERENCES workshop (workshop_id),
    edition INTEGER NOT NULL CHECK (edition >= 0),
    date VARCHAR NOT NULL,
    based_on VARCHAR NOT NULL,
    notes INTEGER NOT NULL CHECK (notes >= 0),
    path VARCHAR NOT NULL,
    promises VARCHAR[] NOT NULL,
    PRIMARY KEY (workshop_id, edition)
);
COMMENT ON TABLE edition IS 'A published state of a workshop''s record.';
COMMENT ON COLUMN edition.workshop_id IS 'The workshop.';
COMMENT ON COLUMN edition.edition IS 'Its number; 0 is an imported transcript.';
COMMENT ON COLUMN edition.date IS 'When it was published, as ISO 8601.';
COMMENT ON COLUMN edition.based_on IS 'What it was made from.';
COMMENT ON COLUMN edition.notes IS 'How many responses it holds.';
COMMENT ON COLUMN edition.path IS 'Its file below the reports folder.';
COMMENT ON COLUMN edition.promises IS 'What it said was still to come.';

CREATE TABLE change (
    workshop_id VARCHAR NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    from_edition INTEGER NOT NULL,
    to_edition INTEGER,
    kind VARCHAR NOT NULL CHECK (kind <> ''),
    note_id VARCHAR,
    principle_id VARCHAR,
    before VARCHAR,
    after VARCHAR,
    explanation VARCHAR NOT NULL,
    PRIMARY KEY (workshop_id, position),
    FOREIGN KEY (workshop_id, from_edition) REFERENCES edition (workshop_id, edition),
    FOREIGN KEY (workshop_id, to_edition) REFERENCES edition (workshop_id, edition)
);
COMMENT ON TABLE change IS 'One difference between two editions.';
COMMENT ON COLUMN change.workshop_id IS 'The workshop.';
COMMENT ON COLUMN change.position IS 'Its place among the workshop''s changes, from 0.';
COMMENT ON COLUMN change.from_edition IS 'The earlier edition.';
COMMENT ON COLUMN change.to_edition IS 'The later edition; empty for the present state, not yet published.';
COMMENT ON COLUMN change.kind IS 'What sort of change, such as now_readable, corrected, added, removed, moved.';
COMMENT ON COLUMN change.note_id IS 'The note, where the change is about one. It may be gone from the present state.';
COMMENT ON COLUMN change.principle_id IS 'The principle, where the change is about one.';
COMMENT ON COLUMN change.before IS 'What people read before.';
COMMENT ON COLUMN change.after IS 'What people read after.';
COMMENT ON COLUMN change.explanation IS 'Why, in plain words.';
