CREATE TABLE a (id int); CREATE INDEX CONCURRENTLY i ON a (id); -- b
INSERT INTO a VALUES (1, 'it''s;', E'\';', $x$;$x$);