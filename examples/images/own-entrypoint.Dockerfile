# An image that has an ENTRYPOINT of its own keeps it: it becomes the program. ENTRYPOINT resets the base's CMD, so that
# is said again. (Setting only ENTRYPOINT in a child image leaves CMD empty; schemagate refuses that with 64.)
ARG BASE=node:20-bookworm-slim
ARG SCHEMAGATE_IMAGE=schemagate

FROM ${SCHEMAGATE_IMAGE} AS schemagate

FROM ${BASE}
WORKDIR /app
COPY --from=schemagate /schemagate /schemagate
COPY . .
ENTRYPOINT ["/schemagate", "--", "docker-entrypoint.sh"]
CMD ["node", "server.js"]
