package io.coral.cli;

/// A call that gave no answer.
final class ConnectFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /// Nobody answered at the address; a code of our own beside those of the Connect protocol.
  static final String UNREACHABLE = "unreachable";

  private final String code;

  ConnectFailure(String code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  /// A code of the Connect protocol such as `not_found`, or [#UNREACHABLE].
  String code() {
    return code;
  }

  String reason() {
    String message = getMessage();
    return message == null || message.isBlank() ? code : message;
  }
}
