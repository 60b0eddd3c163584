"""Casts that applications are known to make for all: each alone."""
CASTS = ("integer AS text", "bigint AS text", "oid AS text", "boolean AS text", "timestamptz AS text",
         "numeric AS text", "double precision AS text", "name AS varchar", "text AS integer", "varchar AS integer",
         "varchar AS bigint", "text AS json", "varchar AS jsonb", "varchar AS uuid", "integer AS boolean",
         "boolean AS integer", "text AS timestamptz", "text AS boolean", "text AS numeric", "text AS interval")

CAST = """castsource = '{}'::regtype AND casttarget = '{}'::regtype"""


def make(server, database, words):
    """One that PostgreSQL has itself, for assignments, is made implicit."""
    condition = CAST.format(*words.split(" AS "))
    if server.sql(database, f"SELECT 1 FROM pg_cast WHERE {condition}") == "":
        server.sql(database, f"CREATE CAST ({words}) WITH INOUT AS IMPLICIT")
    server.sql(database, f"UPDATE pg_cast SET castcontext = 'i' WHERE {condition}")
