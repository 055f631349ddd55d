# What learns from clinicians' words (`triage train watch`), with PyTorch: on the processor, unless another backend is named.
FROM python:3.12-slim AS build
ARG TORCH=cpu
WORKDIR /build
COPY requirements/*.txt ./
RUN python3 -m venv /uv && /uv/bin/pip install --quiet --require-hashes -r uv.txt
RUN python3 -m venv --without-pip /opt/triage \
 && /uv/bin/uv pip install --quiet --no-cache --python /opt/triage/bin/python --no-deps --require-hashes -r dev.txt \
 && /uv/bin/uv pip install --quiet --no-cache --python /opt/triage/bin/python --no-deps --torch-backend "$TORCH" \
      "torch==$(sed -n 's/^torch==\([0-9.]*\).*/\1/p' torch.txt)"

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home triage && install -d -m 1777 /learning
COPY --from=build /opt/triage /opt/triage
WORKDIR /app
COPY schemas schemas
COPY streams streams
COPY trainer trainer
COPY ops ops
ENV PATH=/opt/triage/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1
USER triage
CMD ["python", "-m", "ops.cli.main", "train", "watch", "--rounds", "/learning/rounds", "--out", "/learning/runs"]
