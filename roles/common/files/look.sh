# shellcheck shell=sh
# Prints what this host has, one key=value a line, and changes nothing.
# Arguments: the wanted major version (or nothing), the port, the name of PoWA's database, role names joined by commas.
set -u
version=$1 port=$2 database=$3 roles=$4
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

# Debian can have several clusters: the port says which one is meant.
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
  # What `apt install postgresql` would bring.
  version=$(apt-cache policy postgresql 2>/dev/null | awk '/Candidate:/ && $2 ~ /^[0-9]+\+/ {print int($2)}')
fi
echo "version=$version"

if [ "$family" = Debian ] && [ -n "$version" ]; then
  for package in "postgresql-$version" "postgresql-$version-powa" powa-collector; do
    name=${package#"postgresql-$version-"}
    apt-cache policy "$package" 2>/dev/null | awk -v name="${name%"-$version"}" \
      '/Installed:/ && $2 != "(none)" {print "installed_" name "=" $2}
       /Candidate:/ && $2 != "(none)" {print "candidate_" name "=" $2}'
  done
fi
# Marker extensions are told from all others by their first line, and compared by the sum of their files.
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
getent passwd powa >/dev/null && echo collector_user=1

ask() {
  runuser -u postgres -- psql --no-psqlrc --no-align --tuples-only --quiet --port="$port" --dbname="$1" \
    -v ON_ERROR_STOP=1 -v database="$database" -v roles="$roles" 2>&1
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
  'roles', (SELECT coalesce(json_agg(rolname), '[]') FROM pg_roles WHERE rolname = ANY (string_to_array(:'roles', ','))),
  'database', EXISTS (SELECT FROM pg_database WHERE datname = :'database'))
SQL
); then
  echo "server=$answer"
else
  echo "server_error=$(echo "$answer" | tr '\n' ' ')"
  exit 0
fi
answer=$(cd / && ask "$database" <<'SQL'
SELECT json_object_agg(extname, json_build_array(extversion, nspname, obj_description(e.oid, 'pg_extension')))
FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace
SQL
) && echo "extensions=$answer"
exit 0
