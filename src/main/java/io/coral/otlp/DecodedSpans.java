package io.coral.otlp;

import io.coral.model.ColumnBatch;

/// The spans of a payload.
///
/// @param batch those that the visitor wanted to be stored
/// @param rejected spans that are not valid
/// @param message what is wrong with the first of them, else empty
public record DecodedSpans(ColumnBatch batch, long rejected, String message) {}
