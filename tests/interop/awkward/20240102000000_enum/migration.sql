CREATE TYPE "Mood" AS ENUM ('sad', 'ok');
ALTER TABLE "note" ADD COLUMN "mood" "Mood" NOT NULL DEFAULT 'ok';
