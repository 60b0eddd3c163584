-- AlterTable
ALTER TABLE "log_entries" ADD COLUMN "details" JSONB NOT NULL DEFAULT '{}';

-- CreateIndex
CREATE INDEX "log_entries_details_idx" ON "log_entries" USING GIN ("details" jsonb_path_ops);
