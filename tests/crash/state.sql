-- What a database is, a line a fact: what a disturbance must not change. For all majors; pg_dump refuses servers that
-- are newer than itself.
SET search_path TO public;
CREATE TEMPORARY VIEW ours AS
  SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
   WHERE nspname !~ '^pg_' AND nspname <> 'information_schema';
SELECT format('column %s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
              pg_get_expr(adbin, adrelid))
  FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum JOIN ours c ON c.oid = attrelid
 WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped ORDER BY 1;
SELECT format('constraint %s on %s: %s %s', conname, c.oid::regclass, pg_get_constraintdef(k.oid), convalidated)
  FROM pg_constraint k JOIN ours c ON c.oid = conrelid ORDER BY 1;
SELECT format('index %s %s', pg_get_indexdef(indexrelid),
              CASE WHEN NOT (indisvalid AND indisready AND indislive) THEN 'INVALID' END)
  FROM pg_index JOIN ours c ON c.oid = indrelid ORDER BY 1;
SELECT format('value %s %s', enumtypid::regtype, enumlabel) FROM pg_enum
 ORDER BY enumtypid::regtype::text, enumsortorder;
SELECT format('partition %s of %s: %s %s', inhrelid::regclass, inhparent::regclass, pg_get_expr(relpartbound, c.oid),
              CASE WHEN inhdetachpending THEN 'HALF DETACHED' END)
  FROM pg_inherits JOIN ours c ON c.oid = inhrelid WHERE relkind IN ('r', 'p') ORDER BY 1;
SELECT format('rows of %s: %s', oid::regclass,
              md5(query_to_xml(format('SELECT * FROM %s t ORDER BY t::text', oid::regclass), true, false, '')::text))
  FROM ours WHERE relkind = 'r' AND relname <> '_prisma_migrations' ORDER BY 1;
SELECT 'counter ' || n FROM counter;
SELECT format('history %s|%s|%s|%s|%s', migration_name, checksum, rolled_back_at IS NOT NULL, applied_steps_count,
              logs IS NULL)
  FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1;
SELECT format('UNFINISHED %s steps %s: %s', migration_name, applied_steps_count, logs)
  FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL ORDER BY 1;
DROP VIEW ours;
