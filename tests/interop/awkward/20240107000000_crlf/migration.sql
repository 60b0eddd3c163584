-- CRLF, no last newline, letters beyond ASCII: é
ALTER TABLE "note"
    ADD COLUMN "naïve" TEXT NOT NULL DEFAULT '€';
INSERT INTO "note" ("mood") VALUES ('happy')