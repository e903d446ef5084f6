# shellcheck shell=bash
# Debian source packages, without touching /etc/apt: a private apt whose only entries are the machine's own Debian
# mirrors with Types: deb-src. Sourced by scripts/deps and scripts/update-deps.

# The suites of this Debian release alone (its updates and security too), so that a machine with backports or unstable
# among its sources still builds what the others build. apt prints one stanza per configured suite and component.
source_entries() {
    local codename
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    apt-get indextargets --format "\$(CODENAME)|\$(REPO_URI)|\$(RELEASE)|\$(COMPONENT)" \
        'Created-By: Packages' 'Origin: Debian' |
        awk -F '|' -v codename="$codename" '
            $1 == codename || index($1, codename "-") == 1 && $1 !~ /backports/ {
                print "Types: deb-src\nURIs: " $2 "\nSuites: " $3 "\nComponents: " $4
                print "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
            }' |
        awk 'BEGIN { RS = ""; ORS = "\n\n" } !seen[$0]++'
}

# open_source_index DIR: prepares DIR for source_apt. Trust comes from the archive's signature, checked against
# Debian's keyring; apt's download user is not needed for that and could not enter a private directory.
open_source_index() {
    local dir=$1
    mkdir -p "$dir/parts" "$dir/lists/partial" "$dir/cache/archives/partial"
    # apt names a suite only after it has read its list: on a new machine the security suite may never have been read.
    [ "$(id -u)" -ne 0 ] || apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update >/dev/null 2>&1 || true
    source_entries >"$dir/parts/debian.sources"
    if [ ! -s "$dir/parts/debian.sources" ]; then
        echo "apt knows no Debian mirror here; run apt-get update as root first" >&2
        return 1
    fi
    cat >"$dir/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/parts";
Dir::State::lists "$dir/lists";
Dir::Cache "$dir/cache";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
    if ! apt-get -c "$dir/apt.conf" -o APT::Update::Error-Mode=any -o Acquire::Retries=3 update >"$dir/log" 2>&1; then
        tail -n 5 "$dir/log" >&2
        echo "the list of Debian source packages could not be read: is the mirror reachable?" >&2
        return 1
    fi
}

# source_versions DIR SOURCE: the versions that the mirror lists, newest first.
source_versions() {
    apt-cache -c "$1/apt.conf" showsrc --only-source "$2" | sed -n 's/^Version: //p' | sort -urV
}

# download_source DIR SOURCE VERSION: its files into the working directory, hashes checked by apt. What apt said is in DIR/log.
download_source() {
    apt-get -c "$1/apt.conf" -o Acquire::Retries=3 source --download-only --only-source "$2=$3" >"$1/log" 2>&1
}
