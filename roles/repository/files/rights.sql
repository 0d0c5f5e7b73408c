-- What the collector's role needs on this repository: the tables to grant, by the rule of PoWA 5's powa_grant() for its role
-- powa_snapshot, and the statements that are missing and that no module knows. PoWA 5 grants its own tables itself; those of
-- other extensions (pg_track_settings) are left to us on both.
WITH powa AS (
  SELECT n.nspname, split_part(e.extversion, '.', 1)::int AS major
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extname = 'powa'
), relation AS (
  SELECT e.extname, n.nspname, c.relname AS name,
    e.extname = 'powa' AND (c.relkind = 'v' OR c.relname IN ('powa_servers', 'powa_extensions', 'powa_functions', 'powa_modules')) AS registry
  FROM powa
  JOIN pg_extension e ON e.extname = 'pg_track_settings' OR (e.extname = 'powa' AND powa.major = 4)
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'v')
  JOIN pg_namespace n ON n.oid = c.relnamespace
), snapshot AS (
  -- PoWA 4 has no powa_roles, and a query that names it would fail there.
  SELECT CASE WHEN major > 4 THEN
    (xpath('//rolname/text()', query_to_xml(
      format('SELECT rolname FROM %%I.powa_roles WHERE powa_role = ''powa_snapshot''', nspname), false, true, '')))[1]::text END AS rolname
  FROM powa
), missing AS (
  SELECT format('SELECT %%I.setup_powa_roles(%%s)', nspname, EXISTS (SELECT FROM pg_roles WHERE rolname = 'powa_snapshot')) AS statement
  FROM powa, snapshot WHERE major > 4 AND snapshot.rolname IS NULL
  UNION ALL
  -- The collector notes the versions it finds, and warns each time it may not.
  SELECT format('GRANT UPDATE (version) ON %%s TO %%I', name, rolname)
  FROM pg_roles, (
    SELECT format('%%I.%%I', nspname, unnest(ARRAY['powa_servers', CASE major WHEN 4 THEN 'powa_extensions' ELSE 'powa_extension_config' END]))
    FROM powa) versioned (name)
  WHERE rolname = %(role)s AND NOT has_column_privilege(pg_roles.oid, name, 'version', 'UPDATE')
)
SELECT powa.major, powa.nspname AS schema, coalesce(snapshot.rolname, 'powa_snapshot') AS snapshot,
  (SELECT string_agg(name, ',' ORDER BY name) FROM relation WHERE registry) AS registry,
  (SELECT string_agg(name, ',' ORDER BY name) FROM relation WHERE extname = 'powa' AND NOT registry) AS data,
  (SELECT string_agg(name, ',' ORDER BY name) FROM relation WHERE extname <> 'powa') AS others,
  (SELECT min(nspname) FROM relation WHERE extname <> 'powa') AS others_schema,
  (SELECT string_agg(statement, '; ' ORDER BY statement DESC) FROM missing) AS missing
FROM powa, snapshot
