# No shell, no package: schemagate needs none.
ARG BASE=gcr.io/distroless/nodejs20-debian12:nonroot
ARG SCHEMAGATE_IMAGE=schemagate

FROM ${SCHEMAGATE_IMAGE} AS schemagate

FROM ${BASE}
WORKDIR /app
COPY --from=schemagate /schemagate /schemagate
COPY . .
USER 65532:65532
ENTRYPOINT ["/schemagate", "--"]
CMD ["/nodejs/bin/node", "server.js"]
