#!/usr/bin/env bash
# Install a wheel of lotwise into an empty environment and use it in an empty folder, as a stranger
# would: tests/wheel.sh WHEEL PYTHON
set -euo pipefail
wheel=$(realpath "$1")
python=$(command -v "$2")
lock=$(realpath "$(dirname "$0")/../requirements.lock")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
unset PYTHONPATH PYTHONDONTWRITEBYTECODE VIRTUAL_ENV
if command -v uv >/dev/null 2>&1; then
  UV_PYTHON_DOWNLOADS=never uv venv --quiet --python "$python" env
  uv pip install --quiet --compile-bytecode --python env/bin/python --constraint <(grep -E '^[A-Za-z0-9_.-]+==' "$lock" | sed 's/ \\$//') "$wheel[all]"
else
  "$python" -m venv env
  grep -E '^[A-Za-z0-9_.-]+==' "$lock" | sed 's/ \\$//' >constraints.txt
  env/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$wheel[all]"
fi
PATH=/usr/bin:/bin  # nothing of a checkout or of another environment
mkdir empty && cd empty
started=$SECONDS
../env/bin/lotwise --version
../env/bin/lotwise run --demo --quiet all >demo.log 2>&1 || {
  status=$?
  # 1 is an answer: the verdict of the demo may be "no".
  [ "$status" = 1 ] || { tail -40 demo.log; exit "$status"; }
}
test -s results/demo/report.html || { tail -40 demo.log; exit 1; }
echo "demo to report from the wheel: $((SECONDS - started)) s"
../env/bin/lotwise simulate batches --genes 300 >/dev/null
../env/bin/lotwise compare batches/samples.tsv --tx2gene batches/reference/tx2gene.tsv --out compared
test -s compared/report.html
../env/bin/python - <<'PYTHON'
import lotwise

gene, isoform = lotwise.read_quant("batches/samples.tsv", tx2gene="batches/reference/tx2gene.tsv")
lotwise.tl.correlate(gene)
assert len(lotwise.get.pairs(gene, feature_set="all")) == 3
PYTHON
../env/bin/lotwise qualify --out qualified
../env/bin/lotwise init mine 2>/dev/null
test -s "$(../env/bin/lotwise workflow-path)"
echo "the wheel works in an empty folder ($("../env/bin/python" --version))"
