# shellcheck shell=bash
# Debian packages that a step needs. Sourced by the scripts beside it; installs only what is missing and says so.

export DEBIAN_FRONTEND=noninteractive

apt_quietly() { # ARGUMENTS...: runs apt-get; its output is shown only when it fails
    local log
    log=$(mktemp)
    if apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 15 "$log" >&2
    rm -f "$log"
    return 1
}

need_packages() { # PURPOSE PACKAGE...
    local purpose=$1 installed package missing=()
    shift
    if ! command -v dpkg-query >/dev/null; then
        echo "to $purpose this script expects Debian 12 and its packages: $*" >&2
        return 1
    fi
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    for package; do
        grep -qxF "$package installed" <<<"$installed" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    if [ "$(id -u)" -ne 0 ]; then
        echo "to $purpose these packages are missing; as root: apt-get install -y --no-install-recommends ${missing[*]}" >&2
        return 1
    fi
    echo "Installing, to $purpose: ${missing[*]}" >&2
    # Package lists may be absent (a fresh image) or older than the mirror: then one update and one more try.
    compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || apt_quietly update
    apt_quietly install -y --no-install-recommends "${missing[@]}" && return 0
    echo "Updating the package lists and trying once more" >&2
    apt_quietly update
    apt_quietly install -y --no-install-recommends "${missing[@]}"
}
