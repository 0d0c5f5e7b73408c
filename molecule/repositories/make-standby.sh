# shellcheck shell=sh
# Read by a shell on a server, with the address of its primary: make the cluster anew as a standby of it.
set -e
cd /var/lib/postgresql/*
cluster=postgresql@$(basename "$PWD")-main
systemctl stop "$cluster"
rm --recursive main
runuser --user postgres -- pg_basebackup --checkpoint=fast --write-recovery-conf --pgdata="$PWD/main" --host="$1" --username=replicator
systemctl start "$cluster"
