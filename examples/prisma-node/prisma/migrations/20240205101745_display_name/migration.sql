-- AlterTable
ALTER TABLE "users" ADD COLUMN "display_name" TEXT;

-- Backfill: the name people gave, else the part of their address before the @
UPDATE "users" SET "display_name" = COALESCE(NULLIF(trim("name"), ''), split_part("email", '@', 1));

-- AlterTable
ALTER TABLE "users" ALTER COLUMN "display_name" SET NOT NULL,
                    DROP COLUMN "name";
