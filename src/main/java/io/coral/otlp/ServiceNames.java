package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;

import java.nio.charset.StandardCharsets;

/// The name of the service that a resource is.
final class ServiceNames {
  private static final int FIRST = 1 << 3 | LENGTH_DELIMITED;
  private static final int SECOND = 2 << 3 | LENGTH_DELIMITED;

  private ServiceNames() {}

  /// The attribute `service.name` of a `Resource`; `unknown_service` without one, as the
  /// specification of OpenTelemetry says.
  static String of(byte[] bytes, int from, int to) throws MalformedPayloadException {
    ProtobufReader resource = new ProtobufReader(bytes, from, to);
    while (resource.next()) {
      if (resource.tag() != FIRST) {
        resource.skip();
        continue;
      }
      resource.slice();
      String name = name(bytes, resource.start(), resource.end());
      if (!name.isEmpty()) {
        return name;
      }
    }
    return "unknown_service";
  }

  private static String name(byte[] bytes, int from, int to) throws MalformedPayloadException {
    ProtobufReader attribute = new ProtobufReader(bytes, from, to);
    String key = "";
    String value = "";
    while (attribute.next()) {
      switch (attribute.tag()) {
        case FIRST -> {
          attribute.slice();
          key = text(bytes, attribute.start(), attribute.end());
        }
        case SECOND -> {
          attribute.slice();
          ProtobufReader any = new ProtobufReader(bytes, attribute.start(), attribute.end());
          while (any.next()) {
            if (any.tag() == FIRST) {
              any.slice();
              value = text(bytes, any.start(), any.end());
            } else {
              any.skip();
            }
          }
        }
        default -> attribute.skip();
      }
    }
    return key.equals("service.name") ? value : "";
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }
}
