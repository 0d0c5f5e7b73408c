# shellcheck shell=sh
# Prints facts about this host, one key=value per line, and changes nothing.
# Arguments: the wanted major version (or an empty string), the port, the name of PoWA's database, the monitoring role, powa-web's role
# and the collector's role joined by commas, more packages to look for, a query that returns the state of a repository as JSON,
# powa-web's folder, and the paths of its certificate and key.
set -u
version=$1 port=$2 database=$3 roles=$4 packages=${5:-} repository=${6:-} web=${7:-} certificate=${8:-} key=${9:-}
. /etc/os-release
echo "os=$PRETTY_NAME"
case " $ID ${ID_LIKE:-} " in
  *" debian "*) family=Debian bin='/usr/lib/postgresql/*/bin' ;;
  *" rhel "* | *" fedora "*) family=RedHat bin='/usr/pgsql-*/bin' ;;
  *) family='' bin='' ;;
esac
echo "family=$family"

installed=''
for file in $bin/postgres; do
  [ -x "$file" ] || continue
  number=${file%/bin/postgres} number=${number##*/}
  installed="$installed ${number#pgsql-}"
done
echo "installed=${installed# }"

# Debian can have several clusters; the port selects one.
cluster=''
if command -v pg_lsclusters >/dev/null; then
  echo "clusters=$(pg_lsclusters -h | awk '{printf "%s%s/%s on port %s", sep, $1, $2, $3; sep=", "}')"
  cluster=$(pg_lsclusters -h | awk -v port="$port" -v version="$version" \
    '$3 == port && (version == "" || $1 == version) {print $1, $2, $4; exit}')
elif [ "$family" = RedHat ]; then
  for number in $installed; do
    if [ -z "$version" ] || [ "$version" = "$number" ]; then
      cluster="$number $number unknown"
    fi
  done
fi
if [ -n "$cluster" ]; then
  echo "cluster=$cluster"
  version=${cluster%% *}
elif [ -z "$version" ] && [ "$family" = Debian ]; then
  # The version that `apt install postgresql` would install.
  version=$(apt-cache policy postgresql 2>/dev/null | awk '/Candidate:/ && $2 ~ /^[0-9]+\+/ {print int($2)}')
fi
echo "version=$version"

if [ "$family" = Debian ] && [ -n "$version" ]; then
  # shellcheck disable=SC2086 # one word for each package
  there=" $(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "postgresql-$version*" python3-psycopg2 $packages 2>/dev/null |
    awk '$1 == "installed" {printf "%s ", $2}')"
  echo "packages=$there"
  missing=''
  for package in "postgresql-$version" "postgresql-$version-powa" $packages; do
    case $there in *" $package "*) ;; *) missing="$missing $package" ;; esac
  done
  # This takes longer than the rest of the script.
  # shellcheck disable=SC2086
  [ -n "$missing" ] && apt-cache policy $missing 2>/dev/null | awk -v prefix="postgresql-$version-" -v server="-$version" '
    /^[^ ]/ {name = $1; sub(/:$/, "", name); sub("^" prefix, "", name); sub(server "$", "", name)}
    /Candidate:/ && $2 != "(none)" {print "candidate_" name "=" $2}'
fi
# The first line of a control file identifies a marker extension, and the checksum of its files shows whether somebody changed it.
for folder in "/usr/share/postgresql/$version/extension" "/usr/pgsql-$version/share/extension"; do
  [ -d "$folder" ] || continue
  echo "extension_folder=$folder"
  [ -w "$folder" ] && echo "extension_folder_writable=1"
  echo "controls=$(cd "$folder" && grep -L '^# pgfleet[.]powa marker' ./*.control | sed 's|^[.]/||; s|[.]control$||' | tr '\n' ' ')"
  for control in $(cd "$folder" && grep -l '^# pgfleet[.]powa marker' ./*.control); do
    name=${control#./} name=${name%.control}
    echo "marker_$name=$(cd "$folder" && cat "$name.control" "$name--1.0.sql" 2>/dev/null | sha256sum | cut -d ' ' -f 1)"
  done
  [ -f "$folder/powa.control" ] && sed -n "s/^ *default_version *= *'\([^']*\)'.*/powa_available=\1/p" "$folder/powa.control"
done
/usr/bin/python3 -c 'import psycopg2' 2>/dev/null && echo psycopg2=1
if getent passwd powa >/dev/null; then
  echo collector_user=1
  echo "collector_unit=$(systemctl is-enabled powa-collector 2>/dev/null) $(systemctl is-active powa-collector 2>/dev/null)"
  # No checksum of the password file: it would help somebody guess the passwords.
  for file in /etc/powa-collector.conf /etc/systemd/system/powa-collector.service.d/pgfleet.conf; do
    [ -f "$file" ] && echo "collector_${file##*/}=$(stat --format='%U:%G:%a' "$file") $(sha256sum <"$file" | cut -d ' ' -f 1)"
  done
fi

if [ -n "$web" ]; then
  [ "$family" = Debian ] && apt-cache policy python3-tornado 2>/dev/null | grep -q 'Candidate: [0-9]' && echo candidate_web=1
  if [ -e "$web/bin/python3" ] && ! "$web/bin/python3" -c 'import pip' 2>/dev/null; then
    echo web_stale=1
  else
    for file in "$web"/lib/python3*/site-packages/powa_web-*.dist-info; do
      [ -d "$file" ] && file=${file##*/powa_web-} && echo "web_version=${file%.dist-info}"
    done
  fi
  if [ -d "$web/pages/powa_web_pages" ]; then
    echo "web_pages=$(cd "$web/pages/powa_web_pages" && export LC_ALL=C && cat ./*.py | sha256sum | cut -d ' ' -f 1)"
  fi
  getent passwd powa-web >/dev/null && echo web_user=1
  echo "web_unit=$(systemctl is-enabled powa-web 2>/dev/null) $(systemctl is-active powa-web 2>/dev/null)"
  echo "web_nginx=$(systemctl is-enabled nginx 2>/dev/null) $(systemctl is-active nginx 2>/dev/null)"
  echo "web_tls_files=$(for file in "$certificate" "$key"; do [ -f "$file" ] && printf '%s:' "$file"; done)"
  # No checksums of the files that hold passwords and secrets.
  [ -s /etc/powa-web/cookie_secret.conf ] && echo web_secret=1
  grep -q "'password'" /etc/powa-web/powa-web.conf 2>/dev/null && echo web_login_stored=1
  for file in $(grep -L "'password'" /etc/powa-web/powa-web.conf 2>/dev/null) /etc/systemd/system/powa-web.service /etc/nginx/conf.d/powa-web-tls.conf; do
    [ -f "$file" ] && echo "web_${file##*/}=$(stat --format='%U:%G:%a' "$file") $(sha256sum <"$file" | cut -d ' ' -f 1)"
  done
fi

ask() {
  runuser -u postgres -- psql --no-psqlrc --no-align --tuples-only --quiet --port="$port" --dbname="$1" \
    -v ON_ERROR_STOP=1 -v database="$database" -v roles="$roles" \
    -v monitoring="${roles%%,*}" -v collector="${roles##*,}" -v web="$(echo "$roles" | cut -d , -f 2)" 2>&1
}
case $cluster in '' | *\ down*) exit 0 ;; esac
if answer=$(cd / && ask postgres <<'SQL'
SELECT json_build_object(
  'config_file', current_setting('config_file'),
  'hba_file', current_setting('hba_file'),
  'unread', (SELECT coalesce(bool_or((pg_stat_file(file, true)).modification > pg_conf_load_time()), false)
             FROM unnest(ARRAY[current_setting('hba_file'), regexp_replace(current_setting('config_file'), '[^/]*$', 'conf.d/powa.conf')]) file),
  'settings', (SELECT json_object_agg(name, setting) FROM pg_settings
               WHERE name LIKE 'powa.%' OR name IN ('shared_preload_libraries', 'listen_addresses')),
  'files', (SELECT coalesce(json_agg(json_build_array(name, setting, sourcefile) ORDER BY seqno), '[]')
            FROM pg_file_settings
            WHERE name LIKE 'powa.%' OR name IN ('shared_preload_libraries', 'listen_addresses')),
  'standby', pg_is_in_recovery(),
  'roles', (SELECT coalesce(json_object_agg(rolname, json_build_object(
              'plain', rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls),
              'reads_statistics', EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                                          WHERE m.member = r.oid AND g.rolname = 'pg_read_all_stats'))), '{}')
            FROM pg_roles r WHERE rolname = ANY (string_to_array(:'roles', ','))),
  'hba', (SELECT coalesce(json_agg(to_json(fields)), '[]')
          FROM regexp_split_to_table(pg_read_file(current_setting('hba_file')), '\n') line, regexp_split_to_array(btrim(line), '\s+') fields
          WHERE fields && string_to_array(:'roles', ',')),
  'database', EXISTS (SELECT FROM pg_database WHERE datname = :'database'))
SQL
); then
  echo "server=$answer"
else
  echo "server_error=$(echo "$answer" | tr '\n' ' ')"
  exit 0
fi
answer=$(cd / && { cat <<'SQL'
SELECT 'extensions=' || coalesce(json_object_agg(extname, json_build_array(extversion, nspname, obj_description(e.oid, 'pg_extension')))::text, '{}')
FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace;
SELECT quote_ident(nspname) AS powa FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'powa' \gset
\if :{?powa}
SELECT 'monitoring_reads=1'
FROM pg_roles r
WHERE rolname = :'monitoring' AND has_table_privilege(r.oid, to_regclass(:'powa' || '.powa_databases'), 'SELECT')
  AND has_table_privilege(r.oid, to_regclass(:'powa' || '.powa_statements'), 'SELECT')
  AND NOT EXISTS (SELECT FROM pg_proc p WHERE proname = 'pg_qualstats_reset' AND NOT has_function_privilege(r.oid, p.oid, 'EXECUTE'));
SQL
  [ -n "$repository" ] && printf "SELECT 'repository=' || (\n%s\n);\n" "$repository"
  printf '%s\n' '\endif'
} | ask "$database") && echo "$answer"
exit 0
