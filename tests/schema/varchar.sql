-- A default operator class of one's own for varchar, which otherwise is indexed as text.
CREATE FUNCTION lt(varchar, varchar) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'text_lt';
CREATE FUNCTION le(varchar, varchar) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'text_le';
CREATE FUNCTION eq(varchar, varchar) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'texteq';
CREATE FUNCTION ge(varchar, varchar) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'text_ge';
CREATE FUNCTION gt(varchar, varchar) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'text_gt';
CREATE FUNCTION compare(varchar, varchar) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'bttextcmp';
CREATE OPERATOR < (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = lt);
CREATE OPERATOR <= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = le);
CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = eq);
CREATE OPERATOR >= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = ge);
CREATE OPERATOR > (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = gt);
CREATE OPERATOR CLASS short_ops DEFAULT FOR TYPE varchar USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 compare(varchar, varchar);
CREATE TABLE words (a varchar PRIMARY KEY, b varchar(5), c varchar, d text UNIQUE);
CREATE INDEX words_a ON words (a);
CREATE INDEX words_b ON words (b text_ops);
CREATE INDEX words_c ON words (c varchar_ops);
CREATE INDEX words_d ON words (d);
