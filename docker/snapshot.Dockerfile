# PostgreSQL with schemagate, to make and check snapshots where there is neither:
#
#   docker build -f docker/snapshot.Dockerfile -t schemagate-snapshot docker
#   docker run --rm --network none -v "$PWD:/app" schemagate-snapshot snapshot --check
#
# POSTGRES_IMAGE should be production's: the same major, the same extensions.
ARG POSTGRES_IMAGE=postgres:17
ARG SCHEMAGATE_IMAGE=schemagate

FROM ${SCHEMAGATE_IMAGE} AS schemagate

FROM ${POSTGRES_IMAGE}
COPY --from=schemagate /schemagate /usr/local/bin/schemagate
WORKDIR /app
ENTRYPOINT ["schemagate"]
CMD ["snapshot", "--check"]
