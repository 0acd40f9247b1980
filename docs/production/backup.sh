#!/bin/sh
# backup.sh FOLDER: database, roles and lake of one moment, for restore.sh.
# AUYL_ADMIN_DSN: a login that may read everything (postgres), in the serving database; AUYL_LAKE, AUYL_HASH_KEY_FILE as
# the worker has them. pg_dump and pg_dumpall are of the server's version or newer.
# The database goes first: the lake is only ever added to, so that it holds whatever the dump names.
set -eu
umask 077
to=${1:?the folder of the backup}
: "${AUYL_ADMIN_DSN:?}" "${AUYL_LAKE:?}" "${AUYL_HASH_KEY_FILE:?}"
. "$(dirname "$0")/without_password.sh"
[ -n "$(psql --dbname "$dsn" --tuples-only --no-align --command "select 1 from pg_namespace where nspname = 'ledger'")" ] ||
    { echo "AUYL_ADMIN_DSN: expected the serving database, found one without ledger" >&2; exit 1; }
case $AUYL_LAKE in *://*) echo "AUYL_LAKE: expected a folder, found object storage: copy it by its versions, after the dump" >&2; exit 1 ;; esac
# A wrong AUYL_LAKE, or a disk that is not mounted, would be found only when the backup is needed.
ask() { psql --dbname "$dsn" --tuples-only --no-align --command "$1"; }
if [ -n "$(ask "select to_regclass('ledger.lake')")" ]; then
    id=$(ask "select lake_id from ledger.lake order by lake_no desc limit 1")
    [ -z "$id" ] || grep -qs "$id" "$AUYL_LAKE/auyl-lake.json" ||
        { echo "AUYL_LAKE: expected the lake of this database, found another folder: $AUYL_LAKE" >&2; exit 1; }
fi
mkdir "$to"
trap '[ $? = 0 ] || { rm -rf "$to"; echo "the backup failed; $to is removed" >&2; }' EXIT
pg_dump --dbname "$dsn" --format custom --file "$to/auyl.dump"
pg_dumpall --dbname "$dsn" --roles-only --file "$to/roles.sql"
mkdir "$to/lake"
cp -R "$AUYL_LAKE/." "$to/lake"  # with `/.` also where AUYL_LAKE is a link to another disk
(cd "$to" && find . -type f ! -name SHA256SUMS -exec sha256sum {} +) > "$to/SHA256SUMS"
# The key stays apart: whoever has both can name every person in the lake.
echo "now put $AUYL_HASH_KEY_FILE where the backups of secrets are; without it the copy cannot be used"
