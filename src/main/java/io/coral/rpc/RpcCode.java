package io.coral.rpc;

import io.vertx.grpc.common.GrpcStatus;
import java.util.Locale;

/// Why a call failed; the same code in gRPC and Connect
/// (https://connectrpc.com/docs/protocol#error-codes).
public enum RpcCode {
  INVALID_ARGUMENT(GrpcStatus.INVALID_ARGUMENT, 400),
  NOT_FOUND(GrpcStatus.NOT_FOUND, 404),
  FAILED_PRECONDITION(GrpcStatus.FAILED_PRECONDITION, 400),
  PERMISSION_DENIED(GrpcStatus.PERMISSION_DENIED, 403),
  RESOURCE_EXHAUSTED(GrpcStatus.RESOURCE_EXHAUSTED, 429),
  UNIMPLEMENTED(GrpcStatus.UNIMPLEMENTED, 501),
  INTERNAL(GrpcStatus.INTERNAL, 500),
  UNAVAILABLE(GrpcStatus.UNAVAILABLE, 503);

  private final GrpcStatus grpcStatus;
  private final int httpStatus;

  RpcCode(GrpcStatus grpcStatus, int httpStatus) {
    this.grpcStatus = grpcStatus;
    this.httpStatus = httpStatus;
  }

  GrpcStatus grpcStatus() {
    return grpcStatus;
  }

  int httpStatus() {
    return httpStatus;
  }

  String connectName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
