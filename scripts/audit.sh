#!/bin/sh
# Known holes in the npm packages. Without a network, or a registry that answers audits, it says so and succeeds:
# that is no finding.
set -u
report=$(npm audit --audit-level=high 2>&1) && { echo "No known holes of high severity."; exit 0; }
case $report in
*"found 0"*) echo "No known holes of high severity." ;;
*"severity"*) printf '%s\n' "$report"; exit 1 ;;
*) echo "npm audit could not be asked: the registry is out of reach, or answers no audits." ;;
esac
