-- Returns as JSON which rights the roles of the collector and of powa-web have and lack in a repository, and which servers it has
-- registered. The collector needs the rights that powa_grant() of PoWA 5 gives to the role powa_snapshot. PoWA 5 grants those on its own
-- tables itself; with both versions the role repository grants those on tables of other extensions (pg_track_settings).
-- look.sh sets the variables of psql; powa is PoWA's schema.
WITH powa AS (
  SELECT n.nspname, split_part(e.extversion, '.', 1)::int AS major
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extname = 'powa'
), collector AS (
  SELECT oid, rolname FROM pg_roles WHERE rolname = :'collector'
), relation AS (
  SELECT c.oid, e.extname, n.nspname, c.relname AS name,
    e.extname = 'powa' AND (c.relkind = 'v' OR c.relname IN ('powa_servers', 'powa_extensions', 'powa_functions', 'powa_modules')) AS registry
  FROM powa
  JOIN pg_extension e ON e.extname = 'pg_track_settings' OR (e.extname = 'powa' AND powa.major = 4)
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'v')
  JOIN pg_namespace n ON n.oid = c.relnamespace
), lacking AS (
  SELECT relation.oid
  FROM collector, relation, unnest(CASE WHEN registry THEN ARRAY['SELECT'] ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'] END) AS privilege
  WHERE NOT has_table_privilege(collector.oid, relation.oid, privilege)
), powa_role AS (
  -- PoWA 4 has no table powa_roles, so a query that names it would fail there.
  SELECT powa_role, CASE WHEN major > 4 THEN
    (xpath('//rolname/text()', query_to_xml(
      format('SELECT rolname FROM %I.powa_roles WHERE powa_role = %L', nspname, powa_role), false, true, '')))[1]::text END AS rolname
  FROM powa, unnest(ARRAY['powa_snapshot', 'powa_read_all_data']) AS powa_role
), snapshot AS (
  SELECT rolname FROM powa_role WHERE powa_role = 'powa_snapshot'
), web AS (
  SELECT oid, rolname FROM pg_roles WHERE rolname = :'web'
), web_missing AS (
  SELECT 1 AS step, format('SELECT %I.setup_powa_roles(%s)', nspname, EXISTS (SELECT FROM pg_roles WHERE rolname = powa_role)) AS statement
  FROM powa, powa_role WHERE major > 4 AND powa_role = 'powa_read_all_data' AND powa_role.rolname IS NULL
  UNION ALL
  SELECT 2, format('GRANT %I TO %I', coalesce(powa_role.rolname, powa_role), web.rolname)
  FROM powa, powa_role, web
  WHERE major > 4 AND powa_role = 'powa_read_all_data'
    AND (powa_role.rolname IS NULL OR NOT pg_has_role(web.oid, powa_role.rolname, 'MEMBER'))
  UNION ALL
  -- Without this right powa-web does not see the collector's connection, and says that no collector is running.
  SELECT 1, format('GRANT pg_read_all_stats TO %I', web.rolname)
  FROM web
  WHERE NOT pg_has_role(web.oid, 'pg_read_all_stats', 'MEMBER')
  UNION ALL
  SELECT 1, format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', nspname, web.rolname)
  FROM powa, web
  WHERE major = 4 AND EXISTS (
    SELECT FROM pg_class c
    WHERE c.relnamespace = to_regnamespace(quote_ident(nspname)) AND c.relkind IN ('r', 'v') AND NOT has_table_privilege(web.oid, c.oid, 'SELECT'))
  UNION ALL
  -- This covers the tables of datasources that are declared later.
  SELECT 2, format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO %I', nspname, web.rolname)
  FROM powa, web
  WHERE major = 4 AND NOT EXISTS (
    SELECT FROM pg_default_acl d, aclexplode(d.defaclacl) a
    WHERE d.defaclrole = 'postgres'::regrole AND d.defaclnamespace = to_regnamespace(quote_ident(nspname)) AND d.defaclobjtype = 'r'
      AND a.grantee = web.oid AND a.privilege_type = 'SELECT')
), missing AS (
  SELECT format('SELECT %I.setup_powa_roles(%s)', nspname, EXISTS (SELECT FROM pg_roles WHERE rolname = 'powa_snapshot')) AS statement
  FROM powa, snapshot WHERE major > 4 AND snapshot.rolname IS NULL
  UNION ALL
  -- The collector records the versions that it finds, and warns each time it lacks the right to.
  SELECT format('GRANT UPDATE (version) ON %s TO %I', name, rolname)
  FROM collector, (
    SELECT format('%I.%I', nspname, unnest(ARRAY['powa_servers', CASE major WHEN 4 THEN 'powa_extensions' ELSE 'powa_extension_config' END]))
    FROM powa) versioned (name)
  WHERE NOT has_column_privilege(collector.oid, name, 'version', 'UPDATE')
)
SELECT json_build_object(
  'rights', json_build_object(
    'complete', EXISTS (
      SELECT FROM collector
      WHERE NOT EXISTS (SELECT FROM lacking) AND NOT EXISTS (SELECT FROM missing)
        AND (powa.major = 4 OR pg_has_role(collector.oid, snapshot.rolname, 'MEMBER'))),
    'major', powa.major, 'schema', powa.nspname, 'snapshot', coalesce(snapshot.rolname, 'powa_snapshot'),
    'registry', (SELECT string_agg(name, ',' ORDER BY name) FROM relation WHERE registry),
    'data', (SELECT string_agg(name, ',' ORDER BY name) FROM relation WHERE extname = 'powa' AND NOT registry),
    'others', (SELECT string_agg(name, ',' ORDER BY name) FROM relation WHERE extname <> 'powa'),
    'others_schema', (SELECT min(nspname) FROM relation WHERE extname <> 'powa'),
    'missing', (SELECT string_agg(statement, '; ' ORDER BY statement DESC) FROM missing)),
  'web', json_build_object(
    'complete', EXISTS (SELECT FROM web) AND NOT EXISTS (SELECT FROM web_missing),
    'missing', (SELECT string_agg(statement, '; ' ORDER BY step) FROM web_missing)),
  'servers', (SELECT coalesce(json_agg(json_build_array(alias, hostname, port)), '[]') FROM :powa.powa_servers WHERE id > 0))
FROM powa, snapshot
