# shellcheck shell=sh
# Prints what this host does for the collector or the web interface, one key=value a line, and changes nothing.
# Arguments: the unit to look at (or nothing), and names that this host has to resolve.
set -u
unit=$1
shift
if [ -n "$unit" ]; then
  echo "unit=$(systemctl is-active "$unit" 2>/dev/null)"
  echo "installed=$(systemctl cat "$unit" >/dev/null 2>&1 && echo 1)"
  # Of the log only what PostgreSQL's client says: the collector also prints passwords that are stored in powa_servers.
  echo "log=$(journalctl --unit "$unit" --no-pager --output cat --lines 100 2>/dev/null |
    grep -E '^(connection to server|could not|fe_sendauth|FATAL)|PoWA extension not found' | tail -n 1)"
fi
for name in "$@"; do
  # A folder is that of a socket.
  case $name in '' | /*) continue ;; esac
  getent ahosts "$name" >/dev/null 2>&1 || echo "unresolved=$name"
done
exit 0
