package io.coral.model;

import java.util.List;

/// Exchanges with their names, in the order in which they were counted.
public record RoutedBatch(List<RoutedExchange> exchanges) {
  public RoutedBatch {
    exchanges = List.copyOf(exchanges);
  }
}
