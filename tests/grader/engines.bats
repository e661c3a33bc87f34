# A class over several machines: two ssh hosts, and Slurm with munge, all of
# them here, in a network and process namespace whose end is theirs.
# netns: --raw

setup() {
    load class
    set_up_class
    need_netns
    unset RAN
    eight
    grade
    cp -r "$class/grades" "$scratch/right"
    rm -r "$class/grades"
    export RAN=$scratch/ran
}

# host NAME PORT: an sshd of its own, which lets only us in. Sets pid_of[NAME].
host() {
    local etc=$scratch/$1
    mkdir -p "$etc" /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f "$etc/host_key"
    [[ -e $scratch/key ]] || ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
    printf '%s\n' "Port $2" 'ListenAddress 127.0.0.1' "HostKey $etc/host_key" "PidFile none" \
        "AuthorizedKeysFile $scratch/key.pub" 'StrictModes no' 'UsePAM no' 'PasswordAuthentication no' \
        "SetEnv RAN=$etc/ran" >"$etc/config"
    setpriv --pdeathsig KILL /usr/sbin/sshd -D -f "$etc/config" -E "$etc/log" 3>&- &
    pid_of[$1]=$!
    printf '%s\n' "Host $1" 'HostName 127.0.0.1' "Port $2" "IdentityFile $scratch/key" 'IdentitiesOnly yes' \
        'StrictHostKeyChecking no' "UserKnownHostsFile $scratch/known" 'LogLevel ERROR' >>"$scratch/ssh.conf"
    export SSH="ssh -F $scratch/ssh.conf"
    for ((try = 0; try < 100; try++)); do
        ! $SSH "$1" true 2>/dev/null || return 0
        sleep 0.1
    done
    fail "sshd on port $2" "$(tail -n 3 "$etc/log")"
}
hosts() {
    [[ -x /usr/sbin/sshd ]] || need sshd openssh-server
    need parallel parallel
    ((EUID == 0)) || skip "needs root, for sshd"
    mount -t tmpfs none /run || skip "needs to mount a tmpfs"
    declare -gA pid_of
    host one 2201
    host two 2202
}
# took_part NAME: that host has run jobs; their number.
took_part() { wc -l 2>/dev/null <"$scratch/$1/ran" || echo 0; }
# two_for_real: a class of a right answer and a starter, for the real job.
two_for_real() {
    local exercise=02-names-and-addresses
    real
    PATH=$(tr ':' '\n' <<<"$PATH" | grep -v bats-core | paste -sd:) # bats in bats
    rm -r "$class/submissions"/*
    mkdir -p "$class/submissions/ada" "$class/submissions/bob"
    cp -r "solutions/$exercise" "$class/submissions/ada/"
    cp -r "lessons/$exercise/exercise" "$class/submissions/bob/$exercise"
}
folders() { find /tmp -maxdepth 1 -name 'hello-socket-*' | sort; } # on the hosts

@test "HOSTS spreads a class over two machines, and the gradebook is the same" {
    hosts
    before=$(folders)
    LIMIT=120 grade HOSTS=one,two
    assert_status 0
    same_book "$scratch/right"
    (($(took_part one) > 0 && $(took_part two) > 0)) || fail "jobs on both" "$(took_part one), $(took_part two)"
    (($(took_part one) + $(took_part two) == 8)) || fail "8 jobs" "$(took_part one) and $(took_part two)"
    [[ ! -e $RAN ]] || fail "no job here" "$(wc -l <"$RAN")"
    assert_equal "$(folders)" "$before"
}

@test "HOSTS: a host judges for real, and as strictly as this machine" {
    hosts
    two_for_real
    LIMIT=300 grade HOSTS=one OUT="$class/far"
    assert_status 0
    says ": 1 pass, 1 partial"
    silent_about "graded here"
    assert_equal "$(tail -n +2 "$class/far/.grade/log/parallel" | cut -f 2,7)" $'one\t0\none\t0'
    assert_equal "$(jq -r .level "$class/far/ada/02-names-and-addresses.json")" \
        "$(python3 common/grade/sandbox.py level)"
}

@test "a host that dies in the middle costs time, and no result" {
    hosts
    before=$(folders)
    for n in 1 2 3 4; do hands_in "half $n" 04 slow 50; done
    CLASS="$class/submissions" HOSTS=one,two LIMIT=120 python3 common/grade/grade.py >"$scratch/said" 2>&1 3>&- &
    grader=$!
    for ((try = 0; try < 600; try++)); do
        (($(took_part two) == 0)) || break
        sleep 0.05
    done
    (($(took_part two) > 0)) || fail "the second host begins" "nothing"
    # The machine goes: its sshd, its connections and their jobs.
    kill -KILL "${pid_of[two]}" $(pgrep -P "${pid_of[two]}")
    status=0
    wait "$grader" || status=$?
    comm -13 <(echo "$before") <(folders) | xargs -r rm -rf # a dead host tidies nothing up
    assert_status 0
    book '[.students[] | .total] | add' 80
    book '.grader_errors | length' 0
    (($(took_part one) > 4)) || fail "the other host does more than half" "$(took_part one) jobs"
}

@test "hosts that are not there: the class is graded here" {
    hosts
    kill -KILL "${pid_of[one]}" "${pid_of[two]}"
    LIMIT=120 grade HOSTS=one,two,no.such.host
    assert_status 0
    says "8 jobs did not come back and are graded here: see "
    same_book "$scratch/right"
    runs 8
}

@test "ENGINE=slurm queues a class, and the gradebook is the same" {
    [[ -x /usr/sbin/slurmctld ]] || need slurmctld slurm-wlm
    [[ -x /usr/sbin/munged ]] || need munged munge
    ((EUID == 0)) || skip "needs root, for slurmd"
    mount -t tmpfs none /run || skip "needs to mount a tmpfs"
    slurm
    LIMIT=150 grade ENGINE=slurm
    assert_status 0
    same_book "$scratch/right"
    assert_equal "$(sort -u "$scratch/nodes" | wc -l)" 1
    runs 8
    (($(wc -l <"$scratch/nodes") == 8)) || fail "8 jobs through the queue" "$(wc -l <"$scratch/nodes")"
    two_for_real
    LIMIT=300 grade ENGINE=slurm OUT="$class/far"
    assert_status 0
    says ": 1 pass, 1 partial"
    silent_about "graded here"
    (($(wc -l <"$scratch/nodes") == 10)) || fail "2 more through the queue" "$(wc -l <"$scratch/nodes")"
}

# slurm: munged, slurmctld and slurmd of our own.
slurm() {
    local etc=$scratch/slurm name
    name=$(uname -n | cut -d. -f1)
    mkdir -p "$etc/state" "$etc/spool" /run/munge
    ip address add 192.0.2.1/32 dev lo # Slurm wants one that is not loopback
    chmod 700 "$etc"
    head -c 1024 /dev/urandom >"$etc/key"
    chmod 400 "$etc/key"
    setpriv --pdeathsig KILL munged --force --foreground --socket=/run/munge/munge.socket.2 --key-file="$etc/key" \
        --log-file="$etc/munge.log" --pid-file="$etc/munge.pid" --seed-file="$etc/seed" >"$etc/munged" 2>&1 3>&- &
    cat >"$etc/slurm.conf" <<END
ClusterName=loopback
SlurmctldHost=$name(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=/run/munge/munge.socket.2
StateSaveLocation=$etc/state
SlurmdSpoolDir=$etc/spool
SlurmctldPidFile=$etc/ctld.pid
SlurmdPidFile=$etc/slurmd.pid
SlurmctldLogFile=$etc/ctld.log
SlurmdLogFile=$etc/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SwitchType=switch/none
MpiDefault=none
MaxArraySize=6
ReturnToService=2
Prolog=$etc/prolog
NodeName=$name NodeAddr=127.0.0.1 CPUs=$(nproc)
PartitionName=all Nodes=$name Default=YES MaxTime=10 State=UP OverSubscribe=FORCE:4
END
    printf '#!/bin/sh\nuname -n >>"%s/nodes"\n' "$scratch" >"$etc/prolog"
    chmod +x "$etc/prolog"
    export SLURM_CONF=$etc/slurm.conf
    setpriv --pdeathsig KILL slurmctld -D -f "$SLURM_CONF" >"$etc/ctld" 2>&1 3>&- &
    setpriv --pdeathsig KILL slurmd -D -f "$SLURM_CONF" >"$etc/slurmd" 2>&1 3>&- &
    local until=$((SECONDS + 40))
    while ((SECONDS < until)); do
        ! timeout 2 sinfo -h -o %T 2>/dev/null | grep -q idle || return 0
        sleep 0.2
    done
    fail "a cluster" "$(for name in munged ctld.log slurmd.log; do tail -n 4 "$etc/$name"; done)"
}
