# shellcheck shell=bash
# Makes .venv in the repository ready. Sourced by the entrances beside it; does nothing by itself.
#
#   install_sidecar STAGE...    core     the server's own packages; must work
#                               builtin  the built-in embedding; without it search is lexical only
#                               pdf      the text of PDF files; without it they are left out
#                               mcp      the MCP SDK; without it there is no `sidecar mcp`
#                               llama    llama-cpp-python, compiled from source; without it no GGUF in this process
#                               dev      what tests and checks need; must work
#
# Uses uv where there is one, else venv and pip with the hash-locked files in scripts/requirements (see scripts/lock).
# A finished stage leaves a stamp, so the next run costs milliseconds and an interrupted run goes on where it stopped.
#
#   SIDECAR_PYTHON      the Python to build .venv with; otherwise python3.13, 3.12, 3.11, python3, the first that will do
#   SIDECAR_NO_LLAMA=1  leaves llama-cpp-python out
#
# Written for the bash 3.2 of macOS: no mapfile, no associative arrays.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
state=$venv/.sidecar
lock=$root/.venv.lock
venv_flags=
first_report=4
report_every=5
child=
holds_lock=

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$1"
    shift
    local line
    for line in "$@"; do say "  $line"; done
    exit 1
}

# --- what this system is, and what its packages are called ---------------------------------------------------------

system_name() {
    case $(uname -s) in
        Darwin) echo macos ;;
        Linux) (ID='' ID_LIKE='' && . /etc/os-release 2>/dev/null && echo "$ID ${ID_LIKE:-}") || echo linux ;;
        *) uname -s ;;
    esac
}

# package_for venv|compiler|headers|python [3.X]: the command that installs what is missing.
package_for() {
    local versioned=python3
    [ -z "${2:-}" ] || versioned=python$2
    case "$1 $(system_name)" in
        "venv "*debian* | "venv "*ubuntu*) echo "sudo apt install $versioned-venv" ;;
        "compiler "*debian* | "compiler "*ubuntu*) echo "sudo apt install build-essential" ;;
        "headers "*debian* | "headers "*ubuntu*) echo "sudo apt install build-essential $versioned-dev" ;;
        "python "*debian* | "python "*ubuntu*) echo "sudo apt install python3 python3-venv" ;;
        "compiler "*fedora* | "compiler "*rhel*) echo "sudo dnf install gcc-c++" ;;
        "headers "*fedora* | "headers "*rhel*) echo "sudo dnf install gcc-c++ $versioned-devel" ;;
        "python "*fedora* | "python "*rhel*) echo "sudo dnf install python3" ;;
        "compiler "*suse*) echo "sudo zypper install gcc-c++" ;;
        "headers "*suse*) echo "sudo zypper install gcc-c++ $versioned-devel" ;;
        "compiler "*arch* | "headers "*arch*) echo "sudo pacman -S base-devel" ;;
        "compiler "*alpine*) echo "sudo apk add build-base" ;;
        "headers "*alpine*) echo "sudo apk add build-base python3-dev" ;;
        "compiler "macos | "headers "macos) echo "xcode-select --install" ;;
        "python "macos) echo "brew install python@3.13, or the installer from python.org" ;;
        "venv "*) echo "install the package of your system that holds Python's venv module" ;;
        "python "*) echo "install Python 3.11 or newer" ;;
        *) echo "install a C++ compiler and Python's header files" ;;
    esac
}

# --- finding Python and a compiler -----------------------------------------------------------------------------------

# The version has to be asked for: a pyenv shim exists for every version and fails for most.
python_version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# find_python [MODULE...]: the first Python that will do and has these modules.
find_python() {
    local candidate modules=sys module
    for module in "$@"; do modules=$modules,$module; done
    if [ -n "${SIDECAR_PYTHON:-}" ]; then
        python_version "$SIDECAR_PYTHON" >/dev/null ||
            die "SIDECAR_PYTHON is '$SIDECAR_PYTHON', which is not a working Python 3.11 or newer."
        echo "$SIDECAR_PYTHON"
        return
    fi
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        if python_version "$candidate" >/dev/null && "$candidate" -c "import $modules" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# macOS has a c++ that only asks to install the real one.
compiler_id() {
    local compiler
    [ "$(uname -s)" != Darwin ] || xcode-select -p >/dev/null 2>&1 || return 1
    for compiler in ${CXX:+"$CXX"} c++ g++ clang++; do
        command -v "$compiler" >/dev/null 2>&1 || continue
        "$compiler" --version 2>/dev/null | head -n 1
        return
    done
    return 1
}

venv_python() {
    if [ -x "$venv/Scripts/python.exe" ]; then echo "$venv/Scripts/python.exe"; else echo "$venv/bin/python"; fi
}

# --- stamps: which stage is done, and for what ---------------------------------------------------------------------------

# cksum because every system has it; this notices change, it does not protect.
install_key() {
    {
        echo "$root"
        cat "$root/pyproject.toml" "$root/uv.lock" "$venv/pyvenv.cfg" 2>/dev/null
    } | cksum
}

stamp_says() { [ "$(cat "$state/$1" 2>/dev/null)" = "$2" ]; }

# A failed stage is tried again when the lock, Python or the compiler changes, not on every start.
failed_mark() { echo "failed $1 $(compiler_id || echo no compiler)"; }

stage_settled() {
    stamp_says "$1" "done $2" && return
    case $1 in
        llama | builtin | pdf | mcp) ! stamp_says "$1" "$(failed_mark "$2")" || { explain_missing "$1" brief && return; } ;;
    esac
    return 1
}

venv_usable() {
    [ -x "$(venv_python)" ] || return 1
    # Scripts inside carry the folder's absolute path: a moved clone needs a new one.
    [ ! -f "$state/root" ] || stamp_says root "$root" || return 1
    local version
    version=$(python_version "$(venv_python)") || return 1
    [ -z "${SIDECAR_PYTHON:-}" ] || [ "$version" = "$(python_version "$SIDECAR_PYTHON")" ]
}

# --- one install at a time, and a clean end ---------------------------------------------------------------------------------

take_lock() {
    local other waited=0
    [ -w "$root" ] || die "Cannot write to $root." "Sidecar is installed into .venv there. Clone it to a folder of your own."
    until mkdir "$lock" 2>/dev/null; do
        other=$(cat "$lock/pid" 2>/dev/null || true)
        # A killed run leaves its lock; one that has no process id after five seconds was killed while taking it.
        if { [ -n "$other" ] && ! kill -0 "$other" 2>/dev/null; } || { [ -z "$other" ] && [ "$waited" -ge 5 ]; }; then
            rm -rf "$lock"
            continue
        fi
        [ "$waited" -ne 1 ] || say "Another install is running here (process ${other:-unknown}); waiting for it."
        waited=$((waited + 1))
        sleep 1
    done
    holds_lock=1
    echo $$ >"$lock/pid"
}

stop_install() {
    # The whole group: a compiler outlives the pip that started it otherwise.
    [ -z "$child" ] || kill -TERM "-$child" 2>/dev/null || true
    child=
    [ -z "$holds_lock" ] || rm -rf "$lock"
    holds_lock=
}

interrupted() {
    trap '' INT TERM HUP
    stop_install
    say ""
    say "Interrupted. Run it again: what is done stays done."
    exit "$1"
}

# --- running a step with progress ---------------------------------------------------------------------------------------------

# The last thing a pip, uv or build log says, in words.
phase_of() {
    local recent count
    recent=$(tail -c 200000 "$1" 2>/dev/null | tr '\r' '\n')
    count=$(printf '%s\n' "$recent" | grep -oE '\[[0-9]+/[0-9]+\] ' | tail -n 1 | tr -d '[] ')
    if printf '%s\n' "$recent" | grep -qE 'Installing project into wheel|Making wheel|Created .*\.whl'; then
        echo "packing"
    elif [ -n "$count" ]; then
        echo "compiling, $((100 * ${count%/*} / ${count#*/})) % ($count)"
    elif printf '%s\n' "$recent" | grep -qE 'Configuring CMake|^ *-- '; then
        echo "configuring"
    else
        printf '%s\n' "$recent" |
            sed -nE -e 's/^ *Installing collected.*/installing/p' -e 's/^ *(Downloading|Building|Collecting) +([^ ]*).*/\1 \2/p' |
            sed -E -e 's#https?://[^ ]*/##' -e 's/^Downloading/downloading/' -e 's/^Building/building/' -e 's/^Collecting/collecting/' |
            tail -n 1
    fi
}

# run_step LABEL LOG COMMAND...: runs it in a process group of its own, says every few seconds how it goes.
run_step() {
    local label=$1 log=$2 started=$SECONDS next=$first_report elapsed phase status=0
    shift 2
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    child=$!
    set +m
    while kill -0 "$child" 2>/dev/null; do
        sleep 0.2
        elapsed=$((SECONDS - started))
        [ "$elapsed" -ge "$next" ] || continue
        next=$((elapsed + report_every))
        phase=$(phase_of "$log")
        say "  $label: $((elapsed / 60)):$(printf '%02d' $((elapsed % 60))) ${phase:-working}"
    done
    wait "$child" 2>/dev/null || status=$?
    child=
    return "$status"
}

# --- the stages ----------------------------------------------------------------------------------------------------------------------

make_venv() {
    local python version
    # Debian splits venv off; without ensurepip it fails half way, with a folder left behind.
    [ "$installer" = uv ] || python=$(find_python venv ensurepip) || python=
    [ -n "${python:-}" ] || python=$(find_python) || python=
    [ -z "${SIDECAR_PYTHON:-}" ] || [ -n "$python" ] || exit 1
    rm -rf "$venv"
    if [ "$installer" = uv ]; then
        # uv fetches a Python of its own where the system has none that will do.
        uv venv --quiet --no-project --python "${python:-3.13}" "$venv" >&2 || die "uv could not make $venv." \
            "It needs Python 3.11 or newer: $(package_for python)"
    else
        [ -n "$python" ] || die "Sidecar needs Python 3.11 or newer, and none was found." \
            "To install it: $(package_for python)" "Or name one: SIDECAR_PYTHON=/path/to/python3 $0"
        version=$(python_version "$python")
        "$python" -c 'import venv, ensurepip' 2>/dev/null || die "$python has no venv module." \
            "To install it: $(package_for venv "$version")" "Or install uv (https://docs.astral.sh/uv/), which does not need it."
        "$python" -m venv $venv_flags "$venv" >&2 || die "$python could not make a virtual environment in $venv." \
            "To install what it needs: $(package_for venv "$version")"
    fi
}

with_uv() {
    local extra=''
    case $1 in
        builtin | llama | pdf | mcp) extra="--extra=$1" ;;
        dev) extra="--group=dev" ;;
    esac
    # --inexact: what another stage installed stays. -v: the only way to see the build's own lines.
    (cd "$root" && VIRTUAL_ENV='' UV_PROJECT_ENVIRONMENT="$venv" \
        exec uv sync -v --no-progress --frozen --inexact --no-default-groups --python "$(venv_python)" $extra)
}

with_pip() {
    local python verbose=''
    python=$(venv_python)
    # An environment made by uv, or half made, has no pip.
    "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip --upgrade || return
    [ "$1" != llama ] || verbose=-v
    export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off
    "$python" -m pip install $verbose --require-hashes --no-deps -r "$root/scripts/requirements/$1.txt" || return
    [ "$1" != core ] || "$python" -m pip install --no-deps -e "$root"
}

explain_missing() {
    case "$1 $2" in
        "builtin brief") say "The built-in embedding is not installed: search is lexical only (log: $state/builtin.log)." ;;
        "pdf brief") say "PDF files are not read: pypdfium2 is not installed (log: $state/pdf.log)." ;;
        "mcp brief") say "There is no \`sidecar mcp\`: the MCP SDK is not installed (log: $state/mcp.log)." ;;
        "llama brief") say "llama-cpp-python is not installed: no GGUF models here. $(why_no_llama)." ;;
        "builtin full")
            say "The built-in embedding could not be installed, so search is lexical only. Everything else works."
            say "  There is no ready package for this Python and system, and building it failed. Log: $state/builtin.log"
            say "  It needs: $(package_for headers "$(python_version "$(venv_python)")"), or SIDECAR_PYTHON set to a Python 3.11 to 3.13."
            ;;
        "pdf full")
            say "pypdfium2 could not be installed, so PDF files are not read. Everything else works."
            say "  There is no ready package for this Python and system. Log: $state/pdf.log"
            ;;
        "mcp full")
            say "The MCP SDK could not be installed, so there is no \`sidecar mcp\`. Everything else works."
            say "  There is no ready package for this Python and system. Log: $state/mcp.log"
            ;;
        "llama compiler")
            say "llama-cpp-python is not installed: there is no C++ compiler to build it with."
            say "  To add it: $(package_for compiler), then run this again."
            explain_without_llama
            ;;
        "llama full")
            say "llama-cpp-python could not be built. The end of $state/llama.log:"
            tail -n 8 "$state/llama.log" | sed 's/^/    /' >&2
            say "  The build needs: $(package_for compiler)"
            explain_without_llama
            ;;
    esac
}

why_no_llama() {
    if compiler_id >/dev/null; then
        echo "Its build failed (log: $state/llama.log)"
    else
        echo "To build it: $(package_for compiler)"
    fi
}

explain_without_llama() {
    say "  What works without it: search, embeddings, answers in quotations from your notes, and answers from"
    say "  Ollama, LM Studio or any other OpenAI-compatible server (--upstream URL)."
}

stage_label() {
    case $1 in
        core) echo "packages" ;;
        builtin) echo "built-in embedding" ;;
        pdf) echo "PDF reader" ;;
        mcp) echo "MCP SDK" ;;
        llama) echo "llama.cpp" ;;
        dev) echo "test tools" ;;
    esac
}

run_stage() {
    local log=$state/$1.log
    run_step "$(stage_label "$1")" "$log" "with_$installer" "$1" && return
    [ "$installer" = uv ] && [ "$1" = core ] || return 1
    say "  uv could not install them (log: $log); trying pip."
    cp "$log" "$state/core-uv.log"
    installer=pip
    run_step "$(stage_label "$1")" "$log" with_pip "$1"
}

install_stage() {
    case $1 in
        core) say "Installing Sidecar into .venv (with $installer)." ;;
        builtin) say "Installing the built-in embedding." ;;
        pdf) say "Installing the PDF reader." ;;
        mcp) say "Installing the MCP SDK." ;;
        dev) say "Installing the test tools." ;;
        llama)
            if ! compiler_id >/dev/null; then
                failed_mark "$(install_key)" >"$state/llama"
                explain_missing llama compiler
                return
            fi
            say "Installing llama-cpp-python, which runs GGUF models. Compiling it takes about four minutes on two cores, once."
            ;;
    esac
    if run_stage "$1"; then
        echo "done $(install_key)" >"$state/$1"
        return
    fi
    case $1 in
        core | dev)
            say "The end of $state/$1.log:"
            tail -n 15 "$state/$1.log" | sed 's/^/    /' >&2
            die "Sidecar could not be installed." "The first install needs the network (pypi.org). Run it again: what is done stays done."
            ;;
    esac
    failed_mark "$(install_key)" >"$state/$1"
    explain_missing "$1" full
}

install_pending() {
    local key stage
    pending=
    key=$(install_key)
    for stage in "$@"; do
        [ "$stage" != llama ] || [ "${SIDECAR_NO_LLAMA:-}" != 1 ] || continue
        stage_settled "$stage" "$key" || pending="$pending $stage"
    done
}

install_sidecar() {
    local stage
    if venv_usable; then
        install_pending "$@"
        [ -n "$pending" ] || return 0
    fi
    trap 'interrupted 130' INT
    trap 'interrupted 143' TERM HUP
    trap stop_install EXIT
    take_lock
    installer=pip
    ! uv --version >/dev/null 2>&1 || installer=uv
    venv_usable || make_venv
    mkdir -p "$state"
    echo "$root" >"$state/root"
    install_pending "$@"
    for stage in $pending; do install_stage "$stage"; done
    stop_install
    trap - INT TERM HUP EXIT
}
