# shellcheck shell=sh
# Prints what this host does for the collector or the web interface, one key=value a line, and changes nothing.
# Arguments: the unit to look at (or nothing), and names that this host has to resolve.
set -u
unit=$1
shift
if [ -n "$unit" ]; then
  echo "unit=$(systemctl is-active "$unit" 2>/dev/null)"
  echo "installed=$(systemctl cat "$unit" >/dev/null 2>&1 && echo 1)"
  # Of the log only what it says of the connection to the repository since the last start: lines about servers may hold
  # passwords that are stored in powa_servers, and are told by their own records.
  echo "log=$(journalctl --unit "$unit" --no-pager --output cat --lines 1000 2>/dev/null | awk '
    / INFO +: Starting powa-collector/ { last = "" }
    / ERROR +: PoWA extension not found on repository/ { last = "PoWA extension not found on repository server" }
    expected { last = $0; expected = 0 }
    / ERROR +: Error connecting: *$/ { expected = 1 }
    END { print last }')"
fi
for name in "$@"; do
  # A folder is that of a socket.
  case $name in '' | /*) continue ;; esac
  getent ahosts "$name" >/dev/null 2>&1 || echo "unresolved=$name"
done
exit 0
