package io.coral.protocol;

/// A protocol: how its bytes are recognised, and what makes calls of them. Found by
/// [java.util.ServiceLoader]. Any thread.
public interface Protocol {
  /// As it is called in answers, lower case.
  String name();

  /// How much the first bytes of a record look like this protocol. Does not throw.
  ///
  /// @param bytes at least one; a record may begin in the middle of a message
  Likeness likeness(Direction direction, byte[] bytes);

  /// Whether its messages are datagrams: each record is one.
  default boolean isDatagrams() {
    return false;
  }

  /// A parser for one connection.
  Parser open();

  /// How sure it is that bytes are of a protocol.
  enum Likeness {
    NO,
    /// Chance gives such bytes once in some thousand records: another one has to agree.
    MAYBE,
    YES
  }
}
