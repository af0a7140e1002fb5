#!/bin/sh
# Makes the database at the first start, from POSTGRES_USER, POSTGRES_DB and POSTGRES_PASSWORD_FILE.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Aside, so that one that was killed meanwhile is never taken for a whole one.
    making=$PGDATA.making
    rm -rf "$making"
    mkdir -p "$making"
    initdb --pgdata "$making" --username "$POSTGRES_USER" --pwfile "$POSTGRES_PASSWORD_FILE" \
        --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 --no-sync
    echo 'host all all all scram-sha-256' >> "$making/pg_hba.conf"
    echo "CREATE DATABASE \"$POSTGRES_DB\"" | postgres --single -D "$making" postgres
    mv "$making" "$PGDATA"
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
