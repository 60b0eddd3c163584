-- Alone in its file, as Prisma up to 7.3 needs it.
CREATE INDEX CONCURRENTLY "note_mood_idx" ON "note" ("mood");
