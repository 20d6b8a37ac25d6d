#!/usr/bin/env bash
# The base images of the deployment under their official names, for machines that cannot pull them: Debian's packages,
# and Kafka's jars from Maven. Images that are there already are left alone. Needs root, docker, debootstrap and mvn.
set -euo pipefail
cd "$(dirname "$0")"
PYTHON_IMAGE=${PYTHON_IMAGE:-python:3.11-slim}
KAFKA_IMAGE=${KAFKA_IMAGE:-apache/kafka:4.1.1}
MIRROR=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

is_here() { docker image inspect "$1" >/dev/null 2>&1; }

root() { # folder, packages
    debootstrap --variant=minbase --include="$2" "$SUITE" "$1" "$MIRROR" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
    rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/usr/share/{doc,man,locale}
}

if ! is_here "$PYTHON_IMAGE"; then
    root "$work/python" python3,python3-venv,python3-pip,ca-certificates,libjemalloc2
    # what the machine trusts, so that packages can be installed behind its own certificate
    cp /etc/ssl/certs/ca-certificates.crt "$work/python/etc/ssl/certs/ca-certificates.crt"
    tar -C "$work/python" -c . | docker import \
        --change "ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt" --change 'CMD ["python3"]' - "$PYTHON_IMAGE" >/dev/null
fi

if ! is_here "$KAFKA_IMAGE"; then
    root "$work/kafka" openjdk-17-jre-headless
    mvn -q -f ../broker/jars.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/kafka/opt/kafka/libs"
    mkdir -p "$work/kafka/etc/kafka/docker" "$work/kafka/opt/kafka/config" "$work/kafka/mnt/shared/config" \
        "$work/kafka/var/lib/kafka/data"
    : >"$work/kafka/etc/kafka/docker/server.properties"
    cat >"$work/kafka/etc/kafka/docker/run" <<'RUN'
#!/bin/sh
# as the official image does: variables become server.properties, the storage is formatted, the broker starts
set -e
libs='/opt/kafka/libs/*'
java -cp "$libs" kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker \
    --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config
exec java ${KAFKA_HEAP_OPTS:--Xmx512m} -cp "$libs" kafka.Kafka /opt/kafka/config/server.properties
RUN
    chmod 755 "$work/kafka/etc/kafka/docker/run"
    chroot "$work/kafka" useradd --uid 1000 --home-dir /opt/kafka appuser
    chown -R 1000:1000 "$work/kafka/opt/kafka" "$work/kafka/etc/kafka" "$work/kafka/var/lib/kafka" "$work/kafka/mnt/shared"
    tar -C "$work/kafka" -c . | docker import --change "USER appuser" --change "EXPOSE 9092" \
        --change "ENV CLUSTER_ID=5L6g3nShT-eMCtK--X86sw" --change 'CMD ["/etc/kafka/docker/run"]' - "$KAFKA_IMAGE" >/dev/null
fi
docker images --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep -E "^($PYTHON_IMAGE|$KAFKA_IMAGE) "
