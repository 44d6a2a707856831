package io.coral.storage;

import com.google.gson.JsonElement;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a span that an application sent has beside what every span has.
///
/// @param outcome 0 unset, 1 OK, 2 error
/// @param system `http`, `grpc`, the name of a database or of a messaging system; may be empty
/// @param attributes as they were sent, with their types; in the order of the sender. Integers have
///     neither point nor exponent, floating-point numbers have one
/// @param resource JSON: `attributes`, `schema_url`; may be empty
/// @param scope JSON: `name`, `version`, `attributes`, `schema_url`; may be empty
/// @param details JSON: `status_message`, `trace_state`, `events`, `links`, counts of what the
///     sender dropped; may be empty
public record SentDetails(
    int outcome,
    String system,
    Map<String, JsonElement> attributes,
    String resource,
    String scope,
    String details,
    long flags) {
  /// [#outcome()] of a span that went well, by its own word.
  public static final int OK = 1;

  /// [#outcome()] of a span that failed, by its own word.
  public static final int ERROR = 2;

  public SentDetails {
    attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
  }
}
