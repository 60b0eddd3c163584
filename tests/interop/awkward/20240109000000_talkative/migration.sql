SELECT "id" FROM "note";
DO $$ BEGIN RAISE NOTICE 'rows and notices are nobody''s business'; END $$;
SET lock_timeout = '10s';
ALTER TABLE "note" ALTER COLUMN "second" SET DEFAULT 2;
