#!/usr/bin/env bash
# The words agree with the program: the README's table is what `parse --list --markdown` prints, and the manual has
# every command and every option that --help shows, and no others. PROCSNAP names the binary.
# shellcheck disable=SC2013 # options hold no blanks
set -uo pipefail
: "${PROCSNAP:?}"
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
failures=0
fail() {
    echo "FAIL: $*" >&2
    failures=$((failures + 1))
}

table=$(sed -n '/^<!-- The table is the output of/,/^<!-- end of the table/p' README.md | sed '1d;$d')
[ -n "$table" ] || fail "README.md has no table between its two markers"
diff <(echo "$table") <("$PROCSNAP" parse --list --markdown) >&2 ||
    fail "the table in README.md is not what procsnap parse --list --markdown prints: paste it anew"

options_of() { sed -n 's/^  \(-[a-z], \)\{0,1\}--\([a-z-]*\).*/\2/p'; }
commands=$("$PROCSNAP" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ -n "$commands" ] || fail "--help names no commands"
known=help
for command in $commands; do
    grep -q "^\.Ss $command\b" docs/procsnap.1 || fail "docs/procsnap.1 has no section about $command"
    "$PROCSNAP" "$command" --help >/dev/null || fail "$command --help does not end with 0"
    for option in $("$PROCSNAP" "$command" --help | options_of); do
        known="$known $option"
        grep -qE "Fl -$option( |\$)" docs/procsnap.1 || fail "docs/procsnap.1 does not name --$option of $command"
    done
done
for option in $(grep -oE 'Fl -[a-z][a-z-]+' docs/procsnap.1 | sed 's/Fl -//' | sort -u); do
    case " $known name " in
    *" $option "*) ;;
    *) fail "docs/procsnap.1 names --$option, which no command has" ;;
    esac
done
for option in $(grep -oE -- '[^-a-z]--[a-z][a-z-]+' README.md | grep -oE -- '--[a-z-]+' | sed 's/--//' | sort -u); do
    case " $known strict quiet json " in
    *" $option "*) ;;
    *) fail "README.md names --$option, which no command has" ;;
    esac
done
if command -v groff >/dev/null; then
    complaints=$(groff -mandoc -ww -Tutf8 -z docs/procsnap.1 2>&1)
    [ -z "$complaints" ] || fail "docs/procsnap.1: $complaints"
fi

echo "$failures failures"
[ "$failures" -eq 0 ]
