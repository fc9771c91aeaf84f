# syntax=docker/dockerfile:1
# Rolegate in a container: docker build -t rolegate .
# The root file system may be read-only; what the server writes goes to /data and /certs.

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build.mjs scripts/
COPY src src
RUN node scripts/build.mjs

FROM node:22-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY bin bin
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
# A fresh named volume takes owner and mode from the folder that it covers.
RUN install -d -o node -g node -m 0700 /data /certs && install -d /config
USER node
VOLUME ["/config", "/data", "/certs"]
EXPOSE 8080
# Whether the process answers, and not /readyz: a container is not mended by a restart when its store is away.
# Asks plain HTTP on the port below: with `server.tls` or another port, give the container a health check of its own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/rolegate"]
CMD ["serve", "--config", "/config", "--data", "/data", "--certs", "/certs", "--listen", "0.0.0.0:8080"]
