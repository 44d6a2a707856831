package io.coral.protocol;

import java.util.List;
import java.util.ServiceLoader;

/// All protocols, in the order in which they are asked whether bytes are theirs. Any thread.
public final class Protocols {
  private final List<Protocol> streams;
  private final List<Protocol> datagrams;

  private Protocols(List<Protocol> all) {
    this.streams = all.stream().filter(each -> !each.isDatagrams()).toList();
    this.datagrams = all.stream().filter(Protocol::isDatagrams).toList();
  }

  /// Those that are named in `META-INF/services`.
  public static Protocols all() {
    return new Protocols(
        ServiceLoader.load(Protocol.class, Protocol.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList());
  }

  /// A parser for a connection whose protocol is not known yet.
  ///
  /// @param datagrams whether each record is a message, as of UDP
  public DetectingParser parser(boolean datagrams) {
    return new DetectingParser(datagrams ? this.datagrams : streams);
  }
}
