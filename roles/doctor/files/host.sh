# shellcheck shell=sh
# Prints the state of the collector or the web interface on this host, one key=value per line, and changes nothing.
# Arguments: the unit to check (or an empty string), and names that this host has to resolve.
set -u
unit=$1
shift
if [ -n "$unit" ]; then
  echo "unit=$(systemctl is-active "$unit" 2>/dev/null)"
  echo "installed=$(systemctl cat "$unit" >/dev/null 2>&1 && echo 1)"
  # Prints of the log only its last message about the connection to the repository since the last start. Lines about servers may hold
  # passwords that are stored in powa_servers, and PoWA records the errors of servers itself.
  echo "log=$(journalctl --unit "$unit" --no-pager --output cat --lines 1000 2>/dev/null | awk '
    / INFO +: Starting powa-collector/ { last = "" }
    / ERROR +: PoWA extension not found on repository/ { last = "PoWA extension not found on repository server" }
    expected { last = $0; expected = 0 }
    / ERROR +: Error connecting: *$/ { expected = 1 }
    END { print last }')"
fi
for name in "$@"; do
  # A name that begins with / is the folder of a socket.
  case $name in '' | /*) continue ;; esac
  getent ahosts "$name" >/dev/null 2>&1 || echo "unresolved=$name"
done
exit 0
