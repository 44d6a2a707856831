package io.coral.otlp;

/// A payload that cannot be read as what it claims to be; the message is for the sender's eyes.
/// Without a stack trace: hostile senders cause these at any rate they like.
public final class MalformedPayloadException extends Exception {
  private static final long serialVersionUID = 1L;

  public MalformedPayloadException(String message) {
    super(message, null, false, false);
  }
}
