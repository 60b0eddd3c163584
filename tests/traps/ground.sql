-- What the traps are laid on: who lays them, and whom they tell.
CREATE SCHEMA trap AUTHORIZATION mallory;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
CREATE SCHEMA spy;
GRANT USAGE ON SCHEMA spy TO PUBLIC;

CREATE FUNCTION spy.tell(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  RAISE LOG 'TRAPPED %', $1;
  RETURN true;
END $$;

-- Makes a view over each relation of pg_catalog, and a domain over each of the types, in that schema. The tables have
-- their xmin, which is no column of a view otherwise; an anyarray none may have.
CREATE FUNCTION spy.cover(place text, types text[]) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  own record;
  type text;
BEGIN
  FOR own IN
    SELECT c.relname, string_agg(CASE WHEN atttypid = ANY ('{anyarray,_pg_statistic}'::regtype[])
             THEN 'NULL::pg_catalog.text[] AS ' ELSE '' END || quote_ident(attname), ', ') AS columns
    FROM pg_class c JOIN pg_attribute ON attrelid = c.oid AND (attnum > 0 OR attname = 'xmin')
    WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') GROUP BY c.relname
  LOOP
    EXECUTE format('CREATE VIEW %1$I.%2$I AS SELECT %3$s FROM pg_catalog.%2$I WHERE (SELECT spy.tell(%4$L))', place,
                   own.relname, own.columns, 'relation ' || own.relname);
  END LOOP;
  FOREACH type IN ARRAY types LOOP
    EXECUTE format('CREATE DOMAIN %1$I.%2$I AS pg_catalog.%2$I CHECK (spy.tell(%3$L))', place, type, 'type ' || type);
  END LOOP;
END $$;

-- Called by a migration: temporary relations and types are found before all others, and are gone with the session. So
-- their numbers are told too.
CREATE FUNCTION spy.lay_temporary() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own record;
BEGIN
  PERFORM spy.cover('pg_temp', '{text,oid,name,int2,int4,int8,float8,bool,xid,regclass,regnamespace,timestamptz}');
  FOR own IN SELECT oid, 'type ' || typname AS name FROM pg_catalog.pg_type WHERE typnamespace = pg_my_temp_schema()
      UNION ALL
      SELECT oid, 'relation ' || relname FROM pg_catalog.pg_class WHERE relnamespace = pg_my_temp_schema() LOOP
    RAISE LOG 'LAID % pg_temp: %', own.oid, own.name;
  END LOOP;
END $$;

-- Catalog, number and name of what is laid.
CREATE VIEW spy.laid AS
  SELECT tableoid AS catalog, oid, CASE WHEN proname ~ '^(operator|aggregate) ' THEN proname::text
    ELSE format('%s %s(%s)', CASE prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END, proname,
                pg_get_function_arguments(oid)) END AS name
  FROM pg_proc WHERE pronamespace = 'trap'::regnamespace
  UNION ALL
  SELECT tableoid, oid, concat_ws(' ', 'operator', nullif(oprleft::regtype::text, '-'), oprname, oprright::regtype)
  FROM pg_operator WHERE oprnamespace = 'trap'::regnamespace
  UNION ALL SELECT tableoid, oid, 'type ' || typname FROM pg_type WHERE typnamespace = 'trap'::regnamespace
  UNION ALL SELECT tableoid, oid, 'relation ' || relname FROM pg_class WHERE relnamespace = 'trap'::regnamespace
  UNION ALL SELECT tableoid, oid, 'collation ' || collname FROM pg_collation WHERE collnamespace = 'trap'::regnamespace;
