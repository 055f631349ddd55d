#!/usr/bin/env bash
# Resolves *.in into pinned, hashed *.txt without index addresses. The torch stack is locked apart, so that
# TORCH=cpu can replace it.
set -euo pipefail
cd "$(dirname "$0")"
compile() {
  uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header "$@"
}
all=$(mktemp)
trap 'rm -f "$all"' EXIT
compile uv.in -o uv.txt
compile binaries.in --no-deps -o binaries.txt
compile tritonserver.in --no-deps -c binaries.txt -o tritonserver.txt
compile dev.in torch.in -o "$all"
compile serve.in -c "$all" -o serve.txt
compile streams.in -c serve.txt -o streams.txt
compile triton.in -c serve.txt -o triton.txt
compile torch.in -c "$all" -o torch.txt
skip=()
while read -r name; do skip+=(--no-emit-package "$name"); done \
  < <(grep -hoE '^(torch|triton|nvidia[a-z0-9-]*|cuda[a-z0-9-]*)' torch.txt | sort -u)
compile dev.in torch.in -c "$all" "${skip[@]}" -o dev.txt
# Quix Streams asks for older ones of some packages; it is measured on the versions that the product runs on.
compile bench.in -c dev.txt --override <(grep -oE '^(pydantic|pydantic-settings|confluent-kafka)==[0-9.]+' dev.txt) -o bench.txt
