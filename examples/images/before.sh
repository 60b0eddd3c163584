#!/bin/sh
# docker-entrypoint.sh as it is written for Prisma, and what each line becomes in images/after.Dockerfile.
set -e                                                   # exit codes of its own
until nc -z "$DB_HOST" 5432; do sleep 1; done            # SCHEMAGATE_WAIT=60s: asks PostgreSQL, not its port
if [ "$RUN_MIGRATIONS" != 0 ]; then                      # SCHEMAGATE_PENDING=refuse where a job migrates; SCHEMAGATE_SKIP=1
  npx prisma migrate deploy || exit 1                    # what ENTRYPOINT does, under the same lock, then verified
fi
npx prisma migrate status                                # every start does; by hand: schemagate status
unset MIGRATION_DATABASE_URL                             # SCHEMAGATE_DATABASE_URL never reaches the program
exec "$@"                                                # the same: same PID, signals, descriptors
