# Triton Inference Server from its Python package, for machines without a GPU: Python backend and ONNX Runtime.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements/uv.txt requirements/triton.txt requirements/tritonserver.txt ./
RUN python3 -m venv /uv && /uv/bin/pip install --quiet --require-hashes -r uv.txt
RUN python3 -m venv --without-pip /opt/triton \
 && /uv/bin/uv pip install --quiet --python /opt/triton/bin/python --no-deps --require-hashes \
      -r triton.txt -r tritonserver.txt
COPY ops/docker ops/docker
COPY ops/local ops/local
RUN /opt/triton/bin/python -m ops.docker.triton_server --prepare

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home triage
COPY --from=build /opt/triton /opt/triton
COPY --from=build /opt/backends /opt/backends
WORKDIR /app
COPY ops/docker ops/docker
COPY ops/local ops/local
ENV PATH=/opt/triton/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1
USER triage
CMD ["python", "-m", "ops.docker.triton_server"]
