# What learns from clinicians' words (`triage train watch`), with PyTorch: on the processor, unless another backend is named.
FROM python:3.12-slim AS build
ARG TORCH=cpu
WORKDIR /build
COPY requirements/*.txt ./
RUN python3 -m venv /uv && /uv/bin/pip install --quiet --require-hashes -r uv.txt
RUN python3 -m venv --without-pip /opt/triage \
 && /uv/bin/uv pip install --quiet --no-cache --python /opt/triage/bin/python --no-deps --require-hashes -r dev.txt
# As in the Makefile: empty, what the lock file names; the processor's needs nothing else; CUDA's brings its own libraries.
RUN install() { /uv/bin/uv pip install --quiet --no-cache --python /opt/triage/bin/python "$@"; } \
 && torch="torch==$(sed -n 's/^torch==\([0-9.]*\).*/\1/p' torch.txt)" \
 && case "$TORCH" in \
      "") install --no-deps --require-hashes -r torch.txt ;; \
      cpu) install --no-deps --torch-backend cpu "$torch" ;; \
      *) install --constraint dev.txt --torch-backend "$TORCH" "$torch" ;; \
    esac

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home triage && install -d -m 1777 /learning
COPY --from=build /opt/triage /opt/triage
WORKDIR /app
COPY schemas schemas
COPY streams streams
COPY trainer trainer
COPY ops ops
# What every candidate is served with; the weights are in the mounted folder.
COPY model_repo/triage_bert/config.pbtxt model_repo/triage_bert/config.pbtxt
COPY model_repo/triage_bert/1/model.py model_repo/triage_bert/1/model.py
# Packages keep caches at home, and the file system is read-only.
ENV PATH=/opt/triage/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1
USER triage
CMD ["python", "-m", "ops.cli.main", "train", "watch", "--rounds", "/learning/rounds", "--out", "/learning/runs"]
