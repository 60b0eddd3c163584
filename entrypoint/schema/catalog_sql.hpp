#pragma once

#include <string_view>

// What describe() asks. Its rows have three columns: kind; names, separated by the control character "unit separator";
// and properties, each begun by one. A program may have written that too, so to each `\x1f` here is added what nobody
// knew before, and nothing is escaped but `=` in a key. A row with a NULL is about an object that was dropped
// meanwhile: so are all that is deparsed of it, and a type that format_type() calls `???`.
// `{names}` is a condition on `n.nspname`, `{history}` one on a relation.
//
// No implicit cast is relied on, and no operand of `||` but text and name: a database may have casts of its own, as
// from integer to text, and then PostgreSQL refuses what it cannot tell apart.
//
// Catalogs: PostgreSQL documentation, chapter "System Catalogs". What one release has and another has not is read
// through to_jsonb(), where a missing column is NULL and not an error.

namespace schemagate::catalog_sql {

// What leaks into deparsed text, besides the pins of every statement of ours (database/pins.hpp); in place of those,
// who waits for a lock is told sooner.
inline constexpr std::string_view pins = R"sql(SELECT set_config(n, v, true) FROM (VALUES
  ('quote_all_identifiers', 'off'), ('intervalstyle', 'postgres'), ('timezone', 'UTC'), ('extra_float_digits', '1'),
  ('bytea_output', 'hex'), ('lc_monetary', 'C'), ('client_encoding', 'UTF8'),
  ('max_parallel_workers_per_gather', '0'), ('lock_timeout', '2s')) AS s(n, v))sql";

inline constexpr std::string_view scope = R"sql(
WITH ext AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass::oid AND d.refobjid = e.oid AND d.deptype = 'e'
),
ns AS MATERIALIZED (
  SELECT n.oid, n.nspname::text AS id FROM pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND {names}
    AND NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_namespace'::regclass::oid AND x.objid = n.oid)
),
rel AS MATERIALIZED (
  SELECT c.oid, c.relkind, c.relowner, c.relpersistence, c.reloptions, c.relam, c.relreplident, c.relrowsecurity,
         c.relforcerowsecurity, c.reloftype, c.reltoastrelid, n.id || E'\x1f' || c.relname AS id,
         quote_ident(n.id) || '.' || quote_ident(c.relname) AS quoted,
         replace(replace(n.id::text, E'\\', E'\\\\'), '.', E'\\.') || '.' ||
         replace(replace(c.relname::text, E'\\', E'\\\\'), '.', E'\\.') AS name, c.relkind IN ('r','p','f') AS istab
  FROM pg_class c JOIN ns n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r','p','v','m','f','S','c') AND c.relpersistence <> 't' AND NOT c.relispartition
    AND NOT ({history})
    AND NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_class'::regclass::oid AND x.objid = c.oid)
),
typ AS MATERIALIZED (
  SELECT t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull, t.typdefaultbin, t.typcollation,
         n.id || E'\x1f' || t.typname AS id
  FROM pg_type t JOIN ns n ON n.oid = t.typnamespace
  WHERE t.typtype IN ('e','d','r')
    AND NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_type'::regclass::oid AND x.objid = t.oid)
),
)sql";

// OFFSET 0 makes the planner look up a few columns by the index instead of hashing all of pg_attribute. A default has
// no columns in it, and without a table to name them in, pg_get_expr() opens none.
//
// Since a minor release of 2026 the server itself keeps `pg_attver` in attoptions; it differs in any two databases.
inline constexpr std::string_view columns = R"sql(
col AS MATERIALIZED (
  SELECT r.oid, r.id AS rid, r.relkind, a.attname, a.attnum, a.atttypid, a.attcollation,
         r.id || E'\x1f' || a.attname AS id,
         E'\x1ftype=' || NULLIF(format_type(a.atttypid, a.atttypmod), '???')
      || CASE WHEN a.attcollation <> '0' AND a.attcollation <> t.typcollation
              THEN E'\x1fcollate=' || a.attcollation::regcollation::text ELSE '' END
      || CASE WHEN a.attnotnull THEN E'\x1fnotnull' ELSE '' END
      || CASE a.attidentity WHEN 'a' THEN E'\x1fidentity=always' WHEN 'd' THEN E'\x1fidentity=bydefault' ELSE '' END
      || CASE WHEN d.adbin IS NULL THEN '' ELSE
           CASE a.attgenerated WHEN 's' THEN E'\x1fstored=' WHEN 'v' THEN E'\x1fvirtual=' ELSE E'\x1fdefault=' END
           || pg_get_expr(d.adbin, CASE a.attgenerated WHEN '' THEN 0::oid ELSE d.adrelid END) END
      || CASE WHEN a.attstorage <> t.typstorage THEN E'\x1fstorage=' || a.attstorage::text ELSE '' END
      || CASE WHEN a.attcompression <> '' THEN E'\x1fcompression=' || a.attcompression::text ELSE '' END
      || CASE WHEN coalesce(a.attstattarget, -1) >= '0' THEN E'\x1fstats=' || a.attstattarget::text ELSE '' END
      || CASE WHEN a.attoptions IS NULL THEN '' ELSE
           coalesce((SELECT E'\x1foptions=' || string_agg(o, ',' ORDER BY o COLLATE "C") FROM unnest(a.attoptions) o
                     WHERE o NOT LIKE 'pg@_%' ESCAPE '@'), '') END
      || CASE WHEN a.attfdwoptions IS NULL THEN '' ELSE
           (SELECT E'\x1ffdwoptions=' || string_agg(o, ',' ORDER BY o COLLATE "C") FROM unnest(a.attfdwoptions) o) END
      || CASE WHEN a.attislocal THEN '' ELSE E'\x1finherited' END AS body
  FROM rel r
       CROSS JOIN LATERAL (SELECT * FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > '0' AND NOT a.attisdropped
                           OFFSET 0) a
       JOIN pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE r.relkind <> 'S'
),
)sql";

// pg_get_indexdef() opens the table of each index, which in a new session costs more than all else here. This is its
// text for what has nothing but columns, in their own order, collation and default operator class: one of PostgreSQL's
// own, which have no options. A varchar is indexed as the text that it can be read as, unless somebody made it a
// default of its own; of domains, enums and other such types it is left to PostgreSQL to tell the default.
inline constexpr std::string_view indexes = R"sql(
plain AS MATERIALIZED (
  SELECT i.indexrelid, string_agg(quote_ident(a.attname), ', ' ORDER BY a.n) AS keys
  FROM rel r JOIN pg_index i ON i.indrelid = r.oid
       CROSS JOIN LATERAL (SELECT b.attname, b.atttypid, b.attcollation, array_position(i.indkey::int2[], b.attnum) AS n
                           FROM col b WHERE b.oid = i.indrelid AND b.attnum = ANY (i.indkey::int2[])) a
       JOIN pg_opclass o ON o.oid = i.indclass[a.n]
  WHERE i.indexprs IS NULL AND i.indpred IS NULL AND i.indnatts = i.indnkeyatts
    AND (i.indisprimary OR NOT i.indisunique OR coalesce(to_jsonb(i)->>'indnullsnotdistinct', 'false') = 'false')
  GROUP BY i.indexrelid, i.indnatts
  HAVING count(*) = i.indnatts
     AND bool_and(o.oid < '16384' AND o.opcmethod = '403' AND o.opcdefault AND i.indoption[a.n] = 0
                  AND i.indcollation[a.n] = a.attcollation
                  AND (o.opcintype = a.atttypid
                       OR o.opcintype = '25' AND a.atttypid = '1043'
                          AND NOT EXISTS (SELECT FROM pg_opclass v
                                          WHERE v.opcmethod = '403' AND v.opcintype = '1043' AND v.opcdefault)))
),
)sql";

inline constexpr std::string_view relations = R"sql(
  SELECT 'schema', n.id, '' FROM ns n
  UNION ALL
  SELECT 'extension', e.extname::text, E'\x1fschema=' || n.nspname
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'
  UNION ALL
  SELECT 'extversion', e.extname::text, E'\x1fversion=' || e.extversion FROM pg_extension e WHERE e.extname <> 'plpgsql'
  UNION ALL
  SELECT CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'f' THEN 'foreigntable' WHEN 'v' THEN 'view'
                        WHEN 'm' THEN 'matview' ELSE 'composite' END,
         r.id,
         CASE WHEN r.relpersistence = 'u' THEN E'\x1funlogged' ELSE '' END
      || CASE WHEN r.relkind = 'p' THEN E'\x1fpartkey=' || pg_get_partkeydef(r.oid) ELSE '' END
      || CASE WHEN r.relrowsecurity THEN E'\x1frls' ELSE '' END
      || CASE WHEN r.relforcerowsecurity THEN E'\x1fforcerls' ELSE '' END
      || CASE WHEN r.reloftype <> '0' THEN E'\x1fof=' || NULLIF(format_type(r.reloftype, NULL), '???') ELSE '' END
      || CASE WHEN r.relam NOT IN ('0', '2') THEN E'\x1faccess=' || (SELECT m.amname FROM pg_am m WHERE m.oid = r.relam)
              ELSE '' END
      || coalesce((SELECT E'\x1foptions=' || string_agg(o, ',' ORDER BY o COLLATE "C")
                   FROM (SELECT unnest(r.reloptions)
                         UNION ALL SELECT 'toast.' || unnest(t.reloptions) FROM pg_class t
                                   WHERE t.oid = r.reltoastrelid AND r.reltoastrelid <> '0') s(o)), '')
      || CASE WHEN r.relkind NOT IN ('r','p','m') THEN '' ELSE
           CASE r.relreplident WHEN 'f' THEN E'\x1freplident=full' WHEN 'n' THEN E'\x1freplident=nothing'
                               WHEN 'i' THEN E'\x1freplident=index' ELSE '' END END
      -- The bits of INSERT, UPDATE and DELETE: nobody needs an INSTEAD OF trigger.
      || CASE WHEN r.relkind = 'v' AND pg_relation_is_updatable(r.oid, false) & 28 = '28' THEN E'\x1fupdatable'
              ELSE '' END
      || CASE WHEN r.relkind IN ('v','m') THEN E'\x1fdef=' || pg_get_viewdef(r.oid) ELSE '' END
      || CASE WHEN r.relkind <> 'f' THEN '' ELSE
           (SELECT E'\x1fserver=' || s.srvname || CASE WHEN f.ftoptions IS NULL THEN '' ELSE
                (SELECT E'\x1foptions=' || string_agg(o, ',' ORDER BY o COLLATE "C") FROM unnest(f.ftoptions) o) END
            FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = r.oid) END
  FROM rel r WHERE r.relkind <> 'S'
  UNION ALL
  SELECT 'inherits', r.id, E'\x1fparent=' || string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno)
  FROM rel r JOIN pg_inherits i ON i.inhrelid = r.oid WHERE r.istab GROUP BY r.id
  UNION ALL
  SELECT CASE c.relkind WHEN 'v' THEN 'viewcolumn' WHEN 'm' THEN 'viewcolumn' WHEN 'c' THEN 'attribute'
                        ELSE 'column' END, c.id, c.body
  FROM col c
  UNION ALL
  SELECT 'colorder', c.rid,
         E'\x1fcolumns=' || string_agg(replace(replace(c.attname::text, E'\\', E'\\\\'), ',', E'\\,'), ','
                                  ORDER BY c.attnum)
  FROM col c GROUP BY c.rid
  UNION ALL
  SELECT 'sequence', r.id,
         E'\x1ftype=' || NULLIF(format_type(s.seqtypid, NULL), '???') || E'\x1fstart=' || s.seqstart::text
      || E'\x1finc=' || s.seqincrement::text || E'\x1fmin=' || s.seqmin::text
      || E'\x1fmax=' || s.seqmax::text || E'\x1fcache=' || s.seqcache::text
      || CASE WHEN s.seqcycle THEN E'\x1fcycle' ELSE '' END
      -- An owned one follows its table, since 15.
      || CASE WHEN r.relpersistence = 'u' AND a.attname IS NULL THEN E'\x1funlogged' ELSE '' END
      || CASE WHEN a.attname IS NULL THEN '' ELSE
           CASE d.deptype WHEN 'i' THEN E'\x1fidentity=' ELSE E'\x1fowned=' END
           || replace(replace(m.nspname::text, E'\\', E'\\\\'), '.', E'\\.') || '.' ||
           replace(replace(o.relname::text, E'\\', E'\\\\'), '.', E'\\.') || '.' ||
           replace(replace(a.attname::text, E'\\', E'\\\\'), '.', E'\\.') END
  FROM rel r JOIN pg_sequence s ON s.seqrelid = r.oid
       LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass::oid AND d.objid = r.oid AND d.objsubid = '0'
                            AND d.refclassid = 'pg_class'::regclass::oid AND d.deptype IN ('a','i') AND d.refobjsubid > '0'
       LEFT JOIN pg_class o ON o.oid = d.refobjid LEFT JOIN pg_namespace m ON m.oid = o.relnamespace
       LEFT JOIN LATERAL (SELECT b.attname FROM pg_attribute b
                          WHERE b.attrelid = d.refobjid AND b.attnum = d.refobjsubid OFFSET 0) a ON true
  WHERE r.relkind = 'S'
  UNION ALL
)sql";

// Constraints by a list of what is wanted: 18 has a row for each NOT NULL too, which attnotnull tells already (also for
// one that is not validated). Clones for partitions come and go with them.
inline constexpr std::string_view attached = R"sql(
  SELECT 'constraint', r.id || E'\x1f' || c.conname,
         E'\x1fdef=' || CASE WHEN p.keys IS NULL THEN pg_get_constraintdef(c.oid)
                            ELSE CASE c.contype WHEN 'p' THEN 'PRIMARY KEY (' ELSE 'UNIQUE (' END || p.keys || ')' END
      || CASE WHEN c.conislocal THEN '' ELSE E'\x1finherited' END
  FROM rel r JOIN pg_constraint c ON c.conrelid = r.oid
       LEFT JOIN plain p ON p.indexrelid = c.conindid AND c.contype IN ('p','u') AND NOT c.condeferrable
  WHERE c.contype IN ('p','u','f','c','x') AND c.conparentid = '0'
  UNION ALL
  SELECT 'notnull', r.id || E'\x1f' || c.conname,
         CASE WHEN c.convalidated THEN '' ELSE E'\x1fnotvalid' END
      || CASE WHEN c.connoinherit THEN E'\x1fnoinherit' ELSE '' END
  FROM rel r JOIN pg_constraint c ON c.conrelid = r.oid
  WHERE c.contype = 'n' AND (NOT c.convalidated OR c.connoinherit)
  UNION ALL
  -- Not indisclustered: CLUSTER sets it. The index of PRIMARY KEY and UNIQUE is what the constraint says.
  SELECT 'index', n.id || E'\x1f' || ic.relname,
         E'\x1ftable=' || r.name
      || CASE WHEN k.oid IS NOT NULL AND k.contype <> 'x' THEN
           E'\x1fconstraint' || coalesce((SELECT E'\x1foptions=' || string_agg(o, ',' ORDER BY o COLLATE "C")
                                         FROM unnest(ic.reloptions) o), '')
         ELSE E'\x1fdef=' || CASE WHEN p.keys IS NULL OR ic.reloptions IS NOT NULL OR ic.relkind <> 'i'
                                THEN pg_get_indexdef(i.indexrelid)
                                ELSE 'CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX '
                                     || quote_ident(ic.relname) || ' ON ' || r.quoted || ' USING btree (' || p.keys
                                     || ')' END END
      || CASE WHEN i.indisvalid AND i.indisready AND i.indislive THEN '' ELSE E'\x1fINVALID' END
      || CASE WHEN i.indisreplident THEN E'\x1freplident' ELSE '' END
      || CASE WHEN i.indexprs IS NULL THEN '' ELSE
           coalesce((SELECT E'\x1fstats=' || string_agg(a.attnum::text || ':' || a.attstattarget::text, ','
                                                   ORDER BY a.attnum)
                     FROM pg_attribute a
                     WHERE a.attrelid = i.indexrelid AND coalesce(a.attstattarget, -1) >= '0'), '') END
  FROM rel r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class ic ON ic.oid = i.indexrelid
       JOIN ns n ON n.oid = ic.relnamespace
       LEFT JOIN plain p ON p.indexrelid = i.indexrelid
       LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p','u','x')
  UNION ALL
  SELECT 'trigger', r.id || E'\x1f' || t.tgname,
         E'\x1fdef=' || pg_get_triggerdef(t.oid)
      || CASE t.tgenabled WHEN 'O' THEN '' ELSE E'\x1fenabled=' || t.tgenabled::text END
  FROM rel r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND t.tgparentid = '0'
  UNION ALL
  -- DISABLE TRIGGER ALL, or a pg_restore --disable-triggers that was interrupted: foreign keys are not enforced.
  SELECT 'fkdisabled', r.id || E'\x1f' || c.conname,
         E'\x1fenabled=' || string_agg(DISTINCT t.tgenabled::text, ',' ORDER BY t.tgenabled::text)
  FROM rel r JOIN pg_trigger t ON t.tgrelid = r.oid JOIN pg_constraint c ON c.oid = t.tgconstraint
  WHERE t.tgisinternal AND t.tgenabled <> 'O' AND t.tgparentid = '0' GROUP BY r.id, c.conname
  UNION ALL
  SELECT 'rule', r.id || E'\x1f' || w.rulename,
         E'\x1fdef=' || pg_get_ruledef(w.oid)
      || CASE w.ev_enabled WHEN 'O' THEN '' ELSE E'\x1fenabled=' || w.ev_enabled::text END
  FROM rel r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
  UNION ALL
  -- Who owns the tables is each deployment's own business.
  SELECT 'policy', r.id || E'\x1f' || p.polname,
         CASE WHEN p.polpermissive THEN '' ELSE E'\x1frestrictive' END || E'\x1fcmd=' || p.polcmd::text
      || E'\x1froles=' || (SELECT string_agg(s.o, ',' ORDER BY s.o COLLATE "C") FROM (
           SELECT CASE u WHEN '0' THEN 'public' WHEN r.relowner THEN '$owner' ELSE quote_ident(pg_get_userbyid(u)) END
           FROM unnest(p.polroles) u) s(o))
      || CASE WHEN p.polqual IS NULL THEN '' ELSE E'\x1fusing=' || pg_get_expr(p.polqual, p.polrelid) END
      || CASE WHEN p.polwithcheck IS NULL THEN '' ELSE E'\x1fcheck=' || pg_get_expr(p.polwithcheck, p.polrelid) END
  FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
  UNION ALL
  SELECT 'statistics', n.id || E'\x1f' || s.stxname,
         E'\x1fdef=' || pg_get_statisticsobjdef(s.oid)
      || CASE WHEN coalesce(s.stxstattarget, -1) >= '0' THEN E'\x1ftarget=' || s.stxstattarget::text ELSE '' END
  FROM rel r JOIN pg_statistic_ext s ON s.stxrelid = r.oid JOIN ns n ON n.oid = s.stxnamespace
  UNION ALL
)sql";

inline constexpr std::string_view types = R"sql(
  SELECT 'enum', t.id,
         E'\x1flabels=' || coalesce(string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder), '')
  FROM typ t LEFT JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typtype = 'e' GROUP BY t.id
  UNION ALL
  -- Not typdefault: that is the text of the session that made it, with its search_path.
  SELECT 'domain', t.id,
         E'\x1ftype=' || NULLIF(format_type(t.typbasetype, t.typtypmod), '???')
      || CASE WHEN t.typcollation <> '0' AND t.typcollation <> b.typcollation
              THEN E'\x1fcollate=' || t.typcollation::regcollation::text ELSE '' END
      || CASE WHEN t.typnotnull THEN E'\x1fnotnull' ELSE '' END
      || CASE WHEN t.typdefaultbin IS NULL THEN '' ELSE E'\x1fdefault=' || pg_get_expr(t.typdefaultbin, 0) END
      || (SELECT CASE WHEN count(*) = count(pg_get_constraintdef(c.oid)) THEN
            coalesce(string_agg(E'\x1fcheck ' || replace(replace(c.conname::text, E'\\', E'\\\\'), '=', E'\\e')
                                || '=' || pg_get_constraintdef(c.oid), '' ORDER BY c.conname::text COLLATE "C"), '') END
          FROM pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c')
  FROM typ t JOIN pg_type b ON b.oid = t.typbasetype WHERE t.typtype = 'd'
  UNION ALL
  SELECT 'range', t.id,
         E'\x1fsubtype=' || NULLIF(format_type(g.rngsubtype, NULL), '???')
      || CASE WHEN g.rngcollation NOT IN ('0', '100') THEN E'\x1fcollate=' || g.rngcollation::regcollation::text ELSE '' END
      || E'\x1fopclass=' || (SELECT o.opcname FROM pg_opclass o WHERE o.oid = g.rngsubopc)
      || E'\x1fcanonical=' || g.rngcanonical::text || E'\x1fdiff=' || g.rngsubdiff::text
      || E'\x1fmultirange=' || NULLIF(format_type(g.rngmultitypid, NULL), '???')
  FROM typ t JOIN pg_range g ON g.rngtypid = t.oid WHERE t.typtype = 'r'
  UNION ALL
)sql";

// Not the constructors that a range type brings (as its cast to a multirange): they are internal dependencies.
inline constexpr std::string_view functions = R"sql(
  SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
         n.id || E'\x1f' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')',
         E'\x1fdef=' || CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE
           (SELECT concat_ws(',', 'args=' || pg_get_function_identity_arguments(p.oid),
                             'kind=' || g.aggkind::text, 'sfunc=' || g.aggtransfn::regprocedure::text,
                             'stype=' || format_type(g.aggtranstype, NULL), 'final=' || g.aggfinalfn::text,
                             'combine=' || g.aggcombinefn::text, 'init=' || g.agginitval, 'ser=' || g.aggserialfn::text,
                             'deser=' || g.aggdeserialfn::text, 'sort=' || g.aggsortop::regoper::text,
                             'par=' || p.proparallel::text,
                             'ffx=' || g.aggfinalextra::text, 'minit=' || g.aggminitval,
                             'msfunc=' || g.aggmtransfn::text)
            FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END
  FROM pg_proc p JOIN ns n ON n.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_proc'::regclass::oid AND x.objid = p.oid)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass::oid AND d.objid = p.oid
                                                AND d.deptype = 'i')
  UNION ALL
)sql";

// A collation's locale has had three names: collcollate, colliculocale (15), colllocale (17).
inline constexpr std::string_view rare = R"sql(
  SELECT 'collation', n.id || E'\x1f' || c.collname,
         E'\x1fdef=' || concat_ws(',', 'provider=' || c.collprovider::text, 'det=' || c.collisdeterministic::text,
           'locale=' || coalesce(to_jsonb(c)->>'colllocale', to_jsonb(c)->>'colliculocale',
                                  to_jsonb(c)->>'collcollate'))
  FROM pg_collation c JOIN ns n ON n.oid = c.collnamespace
  WHERE NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_collation'::regclass::oid AND x.objid = c.oid)
  UNION ALL
  SELECT 'operator', n.id || E'\x1f' || o.oprname || '(' || NULLIF(format_type(o.oprleft, NULL), '???') || ','
                     || NULLIF(format_type(o.oprright, NULL), '???') || ')',
         E'\x1ffunc=' || o.oprcode::regprocedure::text || E'\x1fcom=' || o.oprcom::regoperator::text
      || E'\x1fneg=' || o.oprnegate::regoperator::text
  FROM pg_operator o JOIN ns n ON n.oid = o.oprnamespace
  WHERE NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_operator'::regclass::oid AND x.objid = o.oid)
  UNION ALL
  SELECT 'cast',
         NULLIF(format_type(c.castsource, NULL), '???') || ' -> ' || NULLIF(format_type(c.casttarget, NULL), '???'),
         E'\x1fdef=' || concat_ws(',', 'func=' || c.castfunc::regprocedure::text, 'ctx=' || c.castcontext::text,
                                 'method=' || c.castmethod::text)
  FROM pg_cast c
  WHERE c.oid >= '16384'
    AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid IN (c.castsource, c.casttarget)
                    AND t.typnamespace <> 'pg_catalog'::regnamespace::oid AND t.typnamespace NOT IN (SELECT n.oid FROM ns n))
    AND NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_cast'::regclass::oid AND x.objid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass::oid AND d.objid = c.oid
                                                AND d.deptype = 'i')
  UNION ALL
  SELECT 'tsconfig', n.id || E'\x1f' || c.cfgname,
         E'\x1fdef=' || (SELECT p.prsname FROM pg_ts_parser p WHERE p.oid = c.cfgparser) || ' '
      || coalesce((SELECT string_agg(m.maptokentype::text || ':' || m.mapdict::regdictionary::text, ','
                                     ORDER BY m.maptokentype, m.mapseqno)
                   FROM pg_ts_config_map m WHERE m.mapcfg = c.oid), '')
  FROM pg_ts_config c JOIN ns n ON n.oid = c.cfgnamespace
  WHERE NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_ts_config'::regclass::oid AND x.objid = c.oid)
  UNION ALL
  SELECT 'tsdict', n.id || E'\x1f' || c.dictname,
         E'\x1fdef=' || (SELECT t.tmplname FROM pg_ts_template t WHERE t.oid = c.dicttemplate) || ' '
      || coalesce(c.dictinitoption, '')
  FROM pg_ts_dict c JOIN ns n ON n.oid = c.dictnamespace
  WHERE NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_ts_dict'::regclass::oid AND x.objid = c.oid)
  UNION ALL
  SELECT 'opclass', n.id || E'\x1f' || c.opcname || ' USING ' || m.amname,
         E'\x1ftype=' || NULLIF(format_type(c.opcintype, NULL), '???')
      || CASE WHEN c.opcdefault THEN E'\x1fdefault' ELSE '' END
      || CASE WHEN c.opckeytype = '0' THEN '' ELSE E'\x1fstorage=' || NULLIF(format_type(c.opckeytype, NULL), '???') END
  FROM pg_opclass c JOIN ns n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
  WHERE NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_opclass'::regclass::oid AND x.objid = c.oid)
  UNION ALL
  -- Never a server's options: they hold host names and secrets.
  SELECT 'foreignserver', s.srvname::text, E'\x1fwrapper=' || w.fdwname
  FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  WHERE NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_foreign_server'::regclass::oid AND x.objid = s.oid)
  UNION ALL
  SELECT 'eventtrigger', e.evtname::text,
         E'\x1fon=' || e.evtevent || E'\x1ffunc=' || e.evtfoid::regprocedure::text
      || CASE WHEN e.evtenabled = 'O' THEN '' ELSE E'\x1fenabled=' || e.evtenabled::text END
      || coalesce((SELECT E'\x1ftags=' || string_agg(t, ',' ORDER BY t COLLATE "C") FROM unnest(e.evttags) t), '')
  FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid JOIN ns n ON n.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_event_trigger'::regclass::oid AND x.objid = e.oid)
)sql";

}  // namespace schemagate::catalog_sql
