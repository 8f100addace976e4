#!/bin/sh
# Stands for a test that cannot run here: says why, and ends as "skipped" (77), or as failed with TL_NO_SKIP set.
echo "skipped: $1"
[ -n "${TL_NO_SKIP:-}" ] && exit 1
exit 77
