#!/bin/sh
# /usr/local/sbin/auyl: the commands of an installation by systemd, for root. They run as the account of the pipeline with
# the owner's login, in the folder /srv/auyl/desk; the audit has the name of who called sudo.
set -eu
name=${SUDO_USER:-$(id -un)}
exec systemd-run --quiet --collect --wait --pipe --uid=auyl --working-directory=/srv/auyl/desk \
    --property=EnvironmentFile=/etc/auyl/auyl.env --property=UMask=0077 --property=ProtectSystem=strict \
    --property="ReadWritePaths=/srv/auyl/lake /srv/auyl/desk /var/lib/auyl" --property=PrivateTmp=yes --property=NoNewPrivileges=yes \
    --property=LoadCredential=owner_dsn:/etc/auyl/secrets/owner_dsn --property=LoadCredential=hash_key:/etc/auyl/secrets/hash_key \
    --setenv=LOGNAME="$name" --setenv=AUYL_HOME=/var/lib/auyl --setenv=AUYL_LAKE=/srv/auyl/lake \
    sh -c 'export AUYL_DSN_FILE=$CREDENTIALS_DIRECTORY/owner_dsn AUYL_HASH_KEY_FILE=$CREDENTIALS_DIRECTORY/hash_key
        exec /opt/auyl/.venv/bin/auyl "$@"' auyl "$@"
