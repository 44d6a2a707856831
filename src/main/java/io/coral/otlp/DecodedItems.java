package io.coral.otlp;

import io.coral.model.ColumnBatch;

/// What was made of a payload.
///
/// @param batch the spans that the visitor wanted to be stored; all data points; all log records
/// @param rejected items that are not valid
/// @param message what is wrong with the first of them, else empty
public record DecodedItems(ColumnBatch batch, long rejected, String message) {}
