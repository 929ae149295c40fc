# Sourced by .ci/test and .ci/nightly: runs named steps, remembers how each went, and prints it at the end.
#
# `wanted` holds the names of the steps that were asked for; empty, all of them run.

# A descriptor that the caller left open would be noted in every record that a test makes. 255 is the shell's own.
for open in /proc/$$/fd/*; do
  if [ "${open##*/}" -gt 2 ] && [ "${open##*/}" != 255 ]; then
    eval "exec ${open##*/}>&-"
  fi
done

wanted=("$@")
report=()
failed=0

clock=$(mktemp)
trap 'rm -f "$clock"' EXIT

# Sets `used` to the processor seconds of all children so far. Unlike the clock's, they do not depend on what else the machine does.
count_processor_seconds() {
  # Not in a subshell: that one has no children. The second line is theirs: user and system, as 1m2.345s.
  times >"$clock"
  used=$(awk 'NR == 2 { gsub(/[ms]/, " "); split($0, t, " "); printf "%d", t[1] * 60 + t[2] + t[3] * 60 + t[4] }' "$clock")
}

# step NAME COMMAND...: runs it unless other steps were asked for, and remembers how it went.
step() {
  local name=$1 outcome=ok start=$SECONDS used before
  shift
  if [ ${#wanted[@]} -gt 0 ] && [[ ! " ${wanted[*]} " == *" $name "* ]]; then
    return
  fi
  printf '\n== %s: %s\n' "$name" "$*"
  count_processor_seconds
  before=$used
  if ! "$@"; then
    outcome=FAILED
    failed=$((failed + 1))
  fi
  count_processor_seconds
  report+=("$(printf '%-7s %-12s %5d s, %5d s of processor time' "$outcome" "$name" $((SECONDS - start)) $((used - before)))")
}

# what_ran: the closing report. Its status is that of the whole run.
what_ran() {
  printf '\n== what ran\n'
  printf '%s\n' "${report[@]}"
  printf '%s passed, %s failed\n' "$((${#report[@]} - failed))" "$failed"
  [ "$failed" -eq 0 ]
}
