# shellcheck shell=bash
# Shared by the scripts: words on the terminal, the virtual environment, and an end to every child.
#
#   set -euo pipefail
#   source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
#   ensure_venv                   # and ensure_sandbox, when an Asterisk is needed
#   run python -m something       # like calling it, and Ctrl-C or kill ends it and its children
#
# Sets: ROOT (the clone), VENV, PATH (the environment's programs first).

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VENV=${AGI_APP_VENV:-$ROOT/.venv}
LOCK=$ROOT/requirements-dev.lock
export PATH="$VENV/bin:$PATH" PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1
cd "$ROOT" || exit 2

say() { printf '%s\n' "$*" >&2; }

# die STATUS WORDS…: say what is wrong and how to mend it, and stop.
die() {
    local status=$1
    shift
    say "error: $*"
    exit "$status"
}

# show_help: print the comment block at the top of the calling script.
show_help() { awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"; }

# --- an end to every child -------------------------------------------------------------------

CHILD=""
GRACE_SECONDS=${AGI_APP_GRACE_SECONDS:-20}

# run CMD…: in the foreground, in a process group of its own, so that a signal ends all of it.
# The child reads /dev/null: it is not the terminal's foreground group.
run() {
    local status=0
    set -m
    "$@" </dev/null &
    CHILD=$!
    set +m
    wait "$CHILD" || status=$?
    CHILD=""
    return "$status"
}

# end_child: ask politely (SIGINT, so that fixtures and servers clean up), then insist.
end_child() {
    local child=$CHILD left=$((GRACE_SECONDS * 10))
    CHILD=""
    [[ -n $child ]] || return 0
    kill -INT "$child" 2>/dev/null || true
    while ((left-- > 0)) && kill -0 "$child" 2>/dev/null; do sleep 0.1; done
    kill -TERM -- "-$child" 2>/dev/null || return 0
    sleep 0.5
    kill -KILL -- "-$child" 2>/dev/null || true
}

on_signal() {
    trap '' INT TERM HUP
    [[ -z $CHILD ]] || say "stopping ..."
    end_child
    exit "$1"
}

trap 'on_signal 130' INT
trap 'on_signal 143' TERM
trap 'on_signal 129' HUP
trap 'end_child' EXIT

# --- the virtual environment -----------------------------------------------------------------

# find_python: print a Python that fits (3.11 to 3.13), the configured one first.
find_python() {
    local candidate
    for candidate in ${AGI_APP_PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    die 2 "agi-app needs Python 3.11, 3.12 or 3.13; found: $(python3 --version 2>&1 || true)." \
        "Install one and set AGI_APP_PYTHON to it."
}

# ensure_venv_module PYTHON: Debian ships `venv` apart from Python.
ensure_venv_module() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return 0
    local package
    package=python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
    command -v apt-get >/dev/null ||
        die 2 "$1 has no venv module. Install it with your package manager, then run this again."
    [[ $(id -u) == 0 ]] || die 2 "$1 has no venv module. Run as root: apt-get install $package"
    say "Installing $package ..."
    run apt-get -o DPkg::Lock::Timeout=300 update -qq >&2
    run env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq "$package" >&2
}

venv_stamp() {
    printf '%s\n' "$ROOT"
    sed -n '/^\[project/,/^# ---/p' "$ROOT/pyproject.toml" | cat - "$LOCK" | sha256sum
}

venv_ready() {
    [[ -x $VENV/bin/python && -f $VENV/agi-app.stamp && $(venv_stamp) == "$(<"$VENV/agi-app.stamp")" ]]
}

# ensure_venv: make or renew the environment from the hashed lock; under a second when it is fresh.
ensure_venv() {
    venv_ready && return 0
    exec 9<"$LOCK"    # two scripts at once: the second one waits, then finds it done
    if command -v flock >/dev/null; then
        flock -n 9 || { say "Waiting for another script that makes $VENV ..." && flock 9; }
    fi
    venv_ready || make_venv
    exec 9<&-
}

make_venv() {
    local python started=$SECONDS
    if ! [[ -x $VENV/bin/python ]] || ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1 ||
        [[ -f $VENV/agi-app.stamp && $(head -n 1 "$VENV/agi-app.stamp") != "$ROOT" ]]; then
        python=$(find_python)
        ensure_venv_module "$python"
        say "Making the virtual environment $VENV with $("$python" --version) ..."
        run "$python" -m venv --clear "$VENV"
    fi
    rm -f "$VENV/agi-app.stamp"
    say "Installing the locked packages (about 130 MB the first time; one or two minutes) ..."
    run "$VENV/bin/python" -m pip install --require-hashes --only-binary :all: --progress-bar off -r "$LOCK" \
        > >(sed -un 's/^Collecting \([^ ]*\).*/    \1/p; s/^Installing collected.*/    ... unpacking/p' >&2)
    run "$VENV/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable "$ROOT"
    venv_stamp >"$VENV/agi-app.stamp"
    say "The environment is ready ($((SECONDS - started)) s)."
}

# ensure_sandbox: a real Asterisk, SIPp, tcpdump and MORE_TOOLS; built once a machine, outside the clone.
MORE_TOOLS=()
ensure_sandbox() { run python scripts/lib/ensure_sandbox.py "${MORE_TOOLS[@]}"; }
