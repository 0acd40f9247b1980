#!/bin/sh
# restore.sh FOLDER: what backup.sh made, into an empty server and an empty lake.
# AUYL_ADMIN_DSN: a superuser of the new server, in its database `postgres`; AUYL_LAKE: the folder of the new lake.
set -eu
umask 077
from=${1:?the folder of the backup}
: "${AUYL_ADMIN_DSN:?}" "${AUYL_LAKE:?}"
. "$(dirname "$0")/without_password.sh"
(cd "$from" && sha256sum --quiet --check SHA256SUMS)
[ ! -e "$AUYL_LAKE" ] || [ -z "$(ls -A "$AUYL_LAKE")" ] || { echo "$AUYL_LAKE is not empty" >&2; exit 1; }
ask() { psql --dbname "$dsn" --tuples-only --no-align --quiet --set ON_ERROR_STOP=1 "$@"; }
# The database comes with its own name, rights and locale; one of that name may be there only if nothing is in it.
name=$(pg_restore --list "$from/auyl.dump" | sed -n 's/^; *dbname: //p')
there=$(ask --command "select 1 from pg_database where datname = '$name'")
[ -z "$there" ] || [ -z "$(ask --command "\\connect $name" --command "select 1 from pg_namespace where nspname = 'ledger'")" ] ||
    { echo "the database $name is not empty" >&2; exit 1; }
# Roles of the backup get their passwords and memberships, but for the one that is restoring.
me=$(ask --command 'select current_user')
grep -v -E "^(CREATE|ALTER) ROLE \"?$me\"?[ ;]" "$from/roles.sql" |
    PGOPTIONS='-c client_min_messages=warning' psql --dbname "$dsn" --quiet 2>&1 | grep -v 'already exists' >&2 || true
[ -z "$there" ] || ask --command "drop database \"$name\""
pg_restore --dbname "$dsn" --create --exit-on-error "$from/auyl.dump"
mkdir -p "$AUYL_LAKE"
cp -R "$from/lake/." "$AUYL_LAKE"
# The pair gets an id of its own: whoever mixes it up with the originals is refused. Backups of versions that knew no id
# are bound by the first process that uses them.
bind() { ask --command "\\connect $name" --command "$1"; }
if [ -n "$(bind "select to_regclass('ledger.lake')")" ]; then
    id=$(bind "insert into ledger.lake (lake_no, lake_id, reason, decided_by)
        select coalesce(max(lake_no), 0) + 1, replace(gen_random_uuid()::text, '-', ''), 'restored from a backup', current_user
        from ledger.lake returning lake_id")
    printf '{"lake": "%s"}' "$id" > "$AUYL_LAKE/auyl-lake.json"
    bind "insert into ledger.lake_settled (lake_no) select lake_no from ledger.lake where lake_id = '$id'"
fi
# To the account that the folder of the lake was made for.
[ "$(id -u)" != 0 ] || chown -R "$(stat -c %u:%g "$AUYL_LAKE")" "$AUYL_LAKE"
echo "now compare the lake with the ledger: auyl check --lake"
