# shellcheck shell=bash
# Makes what runs on node, and Chromium, ready. Sourced after install.sh by the entrances beside it; does nothing by itself.
#
#   has_node                        whether node 20.19 or newer and npm are there
#   npm_ready LABEL FOLDER LOG      installs the packages of FOLDER's lock, once; 1 when they cannot be had
#   chromium_ready LOG              finds Chromium, or installs it for root where apt-get has it; 1 without one

# settled STAMP LOCK...: whether STAMP says that these locks are installed; else the key goes to $key.
settled() {
    local stamp=$1
    shift
    key=$(cat "$@" | cksum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]
}

failed() {
    say "Skipped: $1 could not be installed. The end of $2:"
    tail -n 5 "$2" | sed 's/^/    /' >&2
}

has_node() {
    command -v npm >/dev/null 2>&1 &&
        node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

npm_ci() { (cd "$1" && npm ci --no-fund --no-audit); }

npm_ready() {
    local label=$1 folder=$2 log=$3 stamp=$2/node_modules/.sidecar
    ! settled "$stamp" "$folder/package-lock.json" "$folder/package.json" || return 0
    if run_step "$label" "$log" npm_ci "$folder"; then
        echo "$key" >"$stamp"
        return
    fi
    rm -rf "$folder/node_modules"
    failed "$label" "$log"
    return 1
}

apt_chromium() {
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium
}

chromium_ready() {
    local name
    for name in chromium chromium-browser google-chrome-stable google-chrome; do
        ! command -v "$name" >/dev/null 2>&1 || return 0
    done
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        say "Skipped: pages in a browser need Chromium; install it from your system's packages."
        return 1
    fi
    run_step Chromium "$1" apt_chromium || { failed Chromium "$1" && return 1; }
}
