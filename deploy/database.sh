#!/bin/sh
# Makes Rolecall's role and database. Patroni runs it once, on the first primary, with the address of a superuser behind it.
set -eu
psql "$1" --quiet --no-psqlrc --set ON_ERROR_STOP=1 --set password="$ROLECALL_DB_PASSWORD" <<'SQL'
CREATE ROLE rolecall LOGIN PASSWORD :'password';
CREATE DATABASE rolecall OWNER rolecall;
SQL
