package io.coral.config;

/// The rule for addresses that others can reach.
final class Listening {
  private Listening() {}

  /// Refuses an address beyond loopback unless the configuration says that it is unprotected.
  static void check(Section section, String key, Address address, boolean insecure)
      throws ConfigException {
    if (!address.isLoopback() && !insecure) {
      throw section.refuse(
          key,
          key
              + ": "
              + address.host()
              + " is reachable from other hosts without encryption or login (expected: 127.0.0.1, or"
              + " insecure: true beside it)");
    }
  }
}
