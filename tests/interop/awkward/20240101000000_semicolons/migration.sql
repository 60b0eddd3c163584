-- A semicolon in a comment; and one in each place that a naive splitter cuts.
CREATE TABLE "note" (
    "id" SERIAL NOT NULL,
    "text" TEXT NOT NULL DEFAULT 'a; b',
    "updated" TIMESTAMP(3),
    CONSTRAINT "note_pkey" PRIMARY KEY ("id")
);

CREATE FUNCTION note_touched() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    NEW."updated" := now(); /* a; comment */
    RETURN NEW;
END;
$body$;

CREATE TRIGGER "note_touched" BEFORE UPDATE ON "note" FOR EACH ROW EXECUTE FUNCTION note_touched();
