# shellcheck shell=sh
# Builds PoWA against one PostgreSQL and installs it, unless the same source has been built and installed before.
# Arguments: pg_config, the source folder, and "build", or "look" to print only what would happen.
set -eu
pg_config=$1 source=$2 action=$3
if [ ! -x "$pg_config" ] || [ ! -f "$source/Makefile" ]; then
  [ "$action" = look ] && echo "would build" && exit 0
  echo "PoWA cannot be built: $pg_config or $source/Makefile does not exist" >&2
  exit 1
fi
cd "$source"
libraries=$("$pg_config" --pkglibdir) extensions=$("$pg_config" --sharedir)/extension
# The stamp includes the installed files, because a package may have overwritten them.
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
# Bitcode for JIT would need clang and has no use here.
make PG_CONFIG="$pg_config" with_llvm=no clean >/dev/null
make PG_CONFIG="$pg_config" with_llvm=no
make PG_CONFIG="$pg_config" with_llvm=no install
stamp | sha256sum >.installed
[ "$before" = "$(sha256sum "$libraries/powa.so")" ] || echo "library changed"
