-- Makes in the schema "trap" what a role with CREATE can make to be taken for PostgreSQL's own: operators, functions,
-- aggregates, types, relations, collations. What is called says so in the server's log, and then does what the real one
-- would have done, or something like it, so that one run shows many places.
--
-- Expects search_path = pg_catalog: a trap must not fall into another one.
SET client_min_messages = error;

CREATE FUNCTION pg_temp.make(name text, arguments text, result text, told text, body text) RETURNS void
LANGUAGE plpgsql AS $make$ BEGIN
  EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS %s LANGUAGE plpgsql AS '
                 '$f$ BEGIN PERFORM spy.tell(%L); %s; END $f$', name, arguments, result, told, body);
END $make$;

CREATE FUNCTION pg_temp.operator(name text, l text, r text, result text, expression text) RETURNS void
LANGUAGE plpgsql AS $make$
DECLARE
  own text := concat_ws(' ', 'operator', l::regtype, name, r::regtype);
BEGIN
  PERFORM pg_temp.make(own, concat_ws(', ', l, r), result, own, 'RETURN ' || expression);
  EXECUTE format('CREATE OPERATOR trap.%s (%s RIGHTARG = %s, FUNCTION = trap.%I)', name, 'LEFTARG = ' || l || ',', r,
                 own);
END $make$;

-- What pg_catalog has too, of the same types: it counts where this schema comes first.
SELECT pg_temp.operator(oprname, CASE WHEN oprleft <> 0 THEN oprleft::regtype::text END, oprright::regtype::text,
                        oprresult::regtype::text, format('%s OPERATOR(pg_catalog.%s) %s', CASE WHEN oprleft <> 0 THEN
                        '$1' END, oprname, CASE WHEN oprleft = 0 THEN '$1' ELSE '$2' END))
FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprcode <> 0;

-- What pg_catalog does not have: the exact match is taken from whatever schema it is in.
WITH types(type) AS (SELECT unnest('{oid,int2,int4,int8,text,name,regclass,regproc,regtype,regnamespace,regcollation,
                                     "\"char\"",xid,numeric,float8,varchar,bpchar,timestamptz,interval,bool,inet,jsonb,
                                     tsquery,text[],name[]}'::text[])),
     operators(o) AS (
       SELECT unnest('{=,<>,<,>,<=,>=,~,!~,~*,~~,!~~,~~*,||,->,->>,#>>,&,|,*,-,+,/,%,@>,<@,&&}'::text[])),
     pairs AS (
       SELECT o, l.type AS l, r.type AS r, o IN ('||', '->', '->>', '#>>') AS texts, o IN ('@>', '<@', '&&') AS sets,
              o ~ '^[-&|*+/%]$' AS counts, l.type ~ '^(oid|int.|reg.*)$' AND r.type ~ '^(oid|int.|reg.*)$' AS ids,
              coalesce(substring(l.type, 'int.'), 'oid') AS lid, coalesce(substring(r.type, 'int.'), 'oid') AS rid
       FROM operators, types l, types r)
SELECT pg_temp.operator(o, l, r, CASE WHEN texts THEN 'text' WHEN counts THEN 'int8' ELSE 'bool' END,
  CASE WHEN sets THEN 'true'
       WHEN texts THEN '$1::text OPERATOR(pg_catalog.||) $2::text'
       WHEN counts THEN format('$1::text::int8 OPERATOR(pg_catalog.%s) $2::text::int8', o)
       WHEN ids THEN format('$1::%s::int8 OPERATOR(pg_catalog.%s) $2::%s::int8', lid, o, rid)
       ELSE format('$1::text OPERATOR(pg_catalog.%s) $2::text', o) END)
FROM pairs
WHERE NOT EXISTS (SELECT FROM pg_operator WHERE oprname = o AND oprleft = l::regtype AND oprright = r::regtype
                  AND oprnamespace = 'pg_catalog'::regnamespace);

-- Functions of the same arguments, and of a name where the real one takes a text. What plpgsql cannot take (internal,
-- cstring) is left out: no function of ours has such an argument.
CREATE FUNCTION pg_temp.function(own pg_proc, arguments text, call text) RETURNS void LANGUAGE plpgsql AS $make$ BEGIN
  PERFORM pg_temp.make(own.proname, arguments, pg_get_function_result(own.oid),
    format('function %s(%s)', own.proname, arguments),
    CASE WHEN own.proretset THEN 'RETURN QUERY SELECT * FROM pg_catalog.' || call
         WHEN own.proargmodes && '{o,b,t}' OR own.prorettype = 'void'::regtype THEN 'RETURN'
         ELSE 'RETURN pg_catalog.' || call END);
EXCEPTION WHEN feature_not_supported OR invalid_function_definition OR duplicate_function THEN
  NULL;
END $make$;

SELECT pg_temp.function(p, arguments, format('%I(%s)', p.proname,
         (SELECT string_agg(CASE WHEN p.provariadic <> 0 AND n = p.pronargs THEN 'VARIADIC $' ELSE '$' END || n, ', ')
          FROM generate_series(1, p.pronargs) n)))
FROM pg_proc p, LATERAL (SELECT pg_get_function_arguments(p.oid)) exact(types),
     LATERAL (SELECT types UNION SELECT regexp_replace(types, '\mtext\M', 'name', 'g')) a(arguments)
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'w') AND p.provariadic <> '"any"'::regtype
  AND NOT p.prorettype = ANY ('{internal,cstring}'::regtype[]) AND NOT 'internal'::regtype = ANY (p.proargtypes);

-- Of those that take anything, and any number of them.
SELECT pg_temp.function(p, array_to_string(array_fill(type, ARRAY[number]), ', '), format('%I(%s)', p.proname,
                        (SELECT string_agg('$' || n, ', ') FROM generate_series(1, number) n)))
FROM pg_proc p, unnest('{text,name,int4,int8,oid,anyelement}'::text[]) type, generate_series(1, 4) number
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.provariadic = '"any"'::regtype AND p.prokind = 'f';

-- Aggregates: what they come to is NULL.
CREATE FUNCTION pg_temp.aggregate(name text, arguments text, result text) RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
  own text := format('aggregate %s(%s)', name, arguments);
BEGIN
  PERFORM pg_temp.make(own, result || ', ' || arguments, result, own, 'RETURN $1');
  EXECUTE format('CREATE AGGREGATE trap.%I(%s) (SFUNC = trap.%I, STYPE = %s)', name, arguments, own, result);
END $make$;

SELECT pg_temp.aggregate(p.proname, arguments, p.prorettype::regtype::text)
FROM pg_proc p, LATERAL (SELECT oidvectortypes(p.proargtypes)) exact(types),
     LATERAL (SELECT types UNION SELECT regexp_replace(types, '\mtext\M', 'name', 'g')
              UNION SELECT type FROM unnest('{text,name,oid,int4,int8,bool,timestamptz}'::text[]) type
              WHERE types = '"any"') a(arguments)
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'a' AND arguments !~ 'any|internal|record|^$'
  AND p.prorettype::regtype::text !~ 'any|internal|record';

SELECT spy.cover('trap', '{text,oid,name,int2,int4,int8,float4,float8,numeric,bool,xid,xid8,regclass,regnamespace,
  regproc,regprocedure,regoper,regoperator,regtype,regrole,regcollation,regdictionary,timestamptz,timestamp,date,
  interval,json,jsonb,bytea,uuid,varchar,bpchar,char,inet,tsquery,pg_lsn,pg_snapshot,int2vector,oidvector}');

CREATE COLLATION trap."C" FROM "C";
CREATE COLLATION trap."default" FROM "C";
