# shellcheck shell=sh
# Builds PoWA against one PostgreSQL and installs it, unless that was done with the same source.
# Arguments: pg_config, the folder of the source, and "build", or "look" to say only what would be done.
set -eu
pg_config=$1 source=$2 action=$3
if [ ! -x "$pg_config" ] || [ ! -f "$source/Makefile" ]; then
  [ "$action" = look ] && echo "would build" && exit 0
  echo "$pg_config or $source/Makefile is not there" >&2
  exit 1
fi
cd "$source"
libraries=$("$pg_config" --pkglibdir) extensions=$("$pg_config" --sharedir)/extension
# The installed files count, too: a package may have overwritten them.
stamp() {
  "$pg_config" --version
  find . -type f ! -path './.git/*' ! -name '.installed' ! -name '*.o' ! -name '*.bc' ! -name '*.so' -exec sha256sum {} + | sort
  sha256sum "$libraries/powa.so" "$extensions"/powa*.control "$extensions"/powa--*.sql 2>/dev/null || true
}
if [ -f .installed ] && [ "$(stamp | sha256sum)" = "$(cat .installed)" ]; then
  echo unchanged
  exit 0
fi
[ "$action" = look ] && echo "would build" && exit 0
before=$(sha256sum "$libraries/powa.so" 2>/dev/null || true)
rm -f .installed
# Bitcode for JIT would want clang and brings nothing here.
make PG_CONFIG="$pg_config" with_llvm=no clean >/dev/null
make PG_CONFIG="$pg_config" with_llvm=no
make PG_CONFIG="$pg_config" with_llvm=no install
stamp | sha256sum >.installed
[ "$before" = "$(sha256sum "$libraries/powa.so")" ] || echo "library changed"
