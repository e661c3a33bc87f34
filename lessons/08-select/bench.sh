#!/usr/bin/env bash
# bench.sh BIN - the figures for bench.svg, as CSV: what an echo by selecho
# costs while up to 1000 connections are open. BIN holds both programs.
set -eu
coproc server { exec "$1/selecho" 0; }
trap 'kill "$server_PID"' EXIT
read -r line <&"${server[0]}"
exec "$1/lag" -n 2000 127.0.0.1 "${line##*:}" 1000 50
