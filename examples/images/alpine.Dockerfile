# A static binary does not ask which libc there is.
ARG BASE=node:20-alpine
ARG SCHEMAGATE_IMAGE=schemagate

FROM ${SCHEMAGATE_IMAGE} AS schemagate

FROM ${BASE}
WORKDIR /app
COPY --from=schemagate /schemagate /usr/local/bin/schemagate
COPY . .
USER node
ENTRYPOINT ["schemagate", "--"]
CMD ["node", "server.js"]
