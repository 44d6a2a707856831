package io.coral.rpc;

/// A call that could not be answered; the message is for the caller's eyes.
public final class RpcException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final RpcCode code;

  public RpcException(RpcCode code, String message) {
    super(message);
    this.code = code;
  }

  public RpcCode code() {
    return code;
  }

  /// What `failure` means to a caller: its own code, or INTERNAL.
  static RpcException of(Throwable failure) {
    return failure instanceof RpcException known
        ? known
        : new RpcException(RpcCode.INTERNAL, String.valueOf(failure.getMessage()));
  }
}
