# Spotter with the roles of a cluster. The same image runs each of them: `spotter gateway`, `worker`, `relay`, `topics`.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY schemas schemas
COPY dashboards dashboards
COPY pipeline pipeline
RUN python3 -m venv /opt/spotter \
    && /opt/spotter/bin/python -m pip install --no-cache-dir --disable-pip-version-check --quiet \
        -c constraints.txt '.[cluster,channels]'

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/spotter /opt/spotter
# DuckDB plans a hundred statements a batch; with glibc's allocator that takes a fifth longer, and more the longer it runs
RUN ldconfig -p | grep -q libjemalloc.so.2 || (apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends libjemalloc2 && rm -rf /var/lib/apt/lists/*)
# folders that volumes are mounted on: a fresh volume takes their owner
RUN useradd --uid 10001 --create-home spotter \
    && mkdir -p /data /snapshots && chown spotter: /data /snapshots && chmod 700 /data
ENV PATH=/opt/spotter/bin:$PATH SPOTTER_DATA=/data PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LD_PRELOAD=libjemalloc.so.2
USER spotter
VOLUME ["/data"]
ENTRYPOINT ["spotter"]
CMD ["--help"]
