// A stand-in for the two helpers of github.com/ory/x that fosite calls, without
// the gRPC and OpenTelemetry exporters the original links. See docs/decisions/0002-stand-ins.md.
module github.com/ory/x

go 1.25

require (
	github.com/pkg/errors v0.9.1
	go.opentelemetry.io/otel/trace v1.21.0
)

require go.opentelemetry.io/otel v1.21.0
