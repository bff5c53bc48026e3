# syntax=docker/dockerfile:1

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# Time zones are built in (timetzdata), because the final image has no files of the system.
RUN CGO_ENABLED=0 go build -trimpath -tags timetzdata -ldflags "-s -w" -o /out/image/sitrep ./cmd/sitrep
# /data is the folder of the store, owned by the user that runs sitrep: a volume takes its owner from here. `sitrep export` needs a /tmp.
RUN mkdir -p /out/owned/data /out/image/tmp && chmod 1777 /out/image/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/image/ /
COPY --from=build --chown=65532:65532 /out/owned/ /
# A number and no name: Kubernetes' runAsNonRoot wants to see that it is not 0, and there is no /etc/passwd.
USER 65532:65532
# A relative store.path is meant from here.
WORKDIR /data
VOLUME /data
EXPOSE 8080
# There is no HEALTHCHECK: it would need a shell or a client in the image. Let the orchestrator ask GET /healthz (alive) and
# GET /readyz (works) on the port of `listen`, which must then be 0.0.0.0:8080 in the configuration.
ENTRYPOINT ["/sitrep"]
CMD ["serve", "--config", "/etc/sitrep/sitrep.yaml"]
