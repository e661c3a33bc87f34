#!/usr/bin/env bash
# bench.sh BIN [MAX STEP VISITS] - the figures for bench.svg, as CSV: what a
# client costs threadecho2, and forktwin, while up to MAX (500) are connected.
# BIN holds the programs; STEP and VISITS are crowd's.
set -eu
bin=$1 max=${2:-500} step=${3:-50} visits=${4:-1500}
scratch=$(mktemp -d)
server=''
trap '[[ ! $server ]] || kill "$server"; rm -rf "$scratch"' EXIT

# memory PID CLIENTS: KB in use by a process and its children: each page's
# share (Pss), and the page tables. Who has just left is given time to end.
memory() {
    local try pids threads one files=()
    for ((try = 0; try < 100; try++)); do
        read -ra pids <"/proc/$1/task/$1/children" || true
        pids+=("$1")
        threads=("/proc/$1/task/"*)
        ((${#pids[@]} + ${#threads[@]} != $2 + 2)) || break
        sleep 0.02
    done
    for one in "${pids[@]}"; do
        files+=("/proc/$one/smaps_rollup" "/proc/$one/status")
    done
    awk '/^(Pss|VmPTE):/ { kb += $2 } END { print kb }' "${files[@]}"
}

# measure SERVER: a line for each step: clients, KB, visits a second.
measure() {
    local line open rate
    exec {said}< <(exec "$bin/$1" 0)
    server=$!
    read -r line <&"$said"
    mkfifo "$scratch/$1.in" "$scratch/$1.out"
    "$bin/crowd" -n "$visits" 127.0.0.1 "${line##*:}" "$max" "$step" \
        <"$scratch/$1.in" >"$scratch/$1.out" &
    exec {to}>"$scratch/$1.in" {from}<"$scratch/$1.out"
    while read -r open rate <&"$from"; do
        echo "$open,$(memory "$server" "$open"),$rate"
        echo >&"$to"
    done
    kill "$server"
    wait "$server" 2>/dev/null || server=''
}

measure forktwin >"$scratch/processes"
measure threadecho2 >"$scratch/threads"
echo open,process_kb,process_rate,thread_kb,thread_rate
cut -d, -f2- "$scratch/threads" | paste -d, "$scratch/processes" -
