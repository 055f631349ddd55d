# A worker of the streams (TRIAGE_STAGE: admit, assess or learn), and the one-shot that makes the topics.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements/uv.txt requirements/streams.txt ./
RUN python3 -m venv /uv && /uv/bin/pip install --quiet --require-hashes -r uv.txt
RUN python3 -m venv --without-pip /opt/triage \
 && /uv/bin/uv pip install --quiet --python /opt/triage/bin/python --no-deps --require-hashes -r streams.txt

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home triage
COPY --from=build /opt/triage /opt/triage
WORKDIR /app
COPY schemas schemas
COPY streams streams
COPY ops/topic_specs.py ops/topic_specs.py
COPY ops/docker ops/docker
COPY ops/local ops/local
ENV PATH=/opt/triage/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER triage
CMD ["python", "-m", "streams.worker", "worker", "--loglevel", "warn"]
