# Stands in for node:20-bookworm-slim where no registry is reachable.
ARG BASE
FROM ${BASE}
COPY npm /usr/local/bin/npm
RUN chmod 755 /usr/local/bin/npm && useradd --uid 1000 --create-home node
CMD ["node"]
