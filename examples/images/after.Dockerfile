# images/before.sh is gone; what it did is in two lines and the environment.
ARG BASE=node:20-bookworm-slim
ARG SCHEMAGATE_IMAGE=schemagate

FROM ${SCHEMAGATE_IMAGE} AS schemagate

FROM ${BASE}
WORKDIR /app
COPY --from=schemagate /schemagate /schemagate
COPY . .
USER node
ENV SCHEMAGATE_WAIT=60s
ENTRYPOINT ["/schemagate", "--"]
CMD ["node", "server.js"]
