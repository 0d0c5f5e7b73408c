#!/usr/bin/env bash
# Runs in a container of the image "powa": PostgreSQL for the tests, with PoWA in a template database.
set -euo pipefail
password=$1
cluster=$(pg_lsclusters --no-header | awk '{print $1}')
cat > "/etc/postgresql/$cluster/main/conf.d/tests.conf" << CONF
listen_addresses = '*'
shared_preload_libraries = 'pg_stat_statements,pg_stat_kcache,pg_qualstats,pg_wait_sampling,powa'
# The background worker would take snapshots of its own.
powa.frequency = -1
# No test needs the data after a crash. Each test makes and drops a database, and so causes checkpoints, after which
# whole pages would go into the WAL again.
fsync = off
full_page_writes = off
# For the statistics of the archiver.
archive_mode = on
archive_command = 'true'
max_connections = 200
# A test that sees whether anything was committed is to see no ANALYZE.
autovacuum = off
CONF
echo 'host all all all scram-sha-256' >> "/etc/postgresql/$cluster/main/pg_hba.conf"
systemctl restart "postgresql@$cluster-main"
runuser -u postgres -- psql --quiet --set=ON_ERROR_STOP=1 --set=password="$password" << 'SQL'
-- PostgreSQL 13 would keep MD5 sums.
SET password_encryption = 'scram-sha-256';
ALTER ROLE postgres PASSWORD :'password';
CREATE ROLE powa LOGIN PASSWORD :'password' IN ROLE pg_read_all_stats;
CREATE ROLE powa_collector LOGIN PASSWORD :'password';
CREATE ROLE nobody_special LOGIN PASSWORD :'password';
CREATE DATABASE powa_template;
\connect powa_template
CREATE EXTENSION btree_gist;
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION powa;
SQL
