package io.coral.model;

/// What the body of a log record is; the ordinal is what [StreamSchema#LOGS] has of it.
public enum LogBody {
  NONE,
  /// A string, kept as it is.
  TEXT,
  /// Anything else, kept as JSON.
  JSON
}
