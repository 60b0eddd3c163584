-- Prisma runs a file with one statement outside a transaction, which CONCURRENTLY needs
CREATE INDEX CONCURRENTLY "log_entries_user_id_created_at_idx" ON "log_entries"("user_id", "created_at" DESC);
