# shellcheck shell=bash
# Runs tests and adds up what the runners counted, for scripts that start several. Sourced after machine.bash.

passed=0 failed=0

# counted ARGUMENT of `cargo test`...: a runner that was ended before it counted has failed.
counted() {
  local log counts more_passed more_failed
  log=$(mktemp)
  cargo test --locked "$@" 2>&1 </dev/null | tee "$log" >&2 || true
  counts=$(sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed.*/\1 \2/p' "$log")
  rm -f "$log"
  read -r more_passed more_failed <<<"${counts:-0 1}"
  passed=$((passed + more_passed)) failed=$((failed + more_failed))
}

# The last line, and the exit status. No test at all is no success.
conclude() {
  echo "$passed passed, $failed failed"
  ((failed == 0 && passed > 0))
}
