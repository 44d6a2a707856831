package io.coral.model;

import java.util.List;

/// Exchanges that have ended, in the order in which that was noticed.
public record ExchangeBatch(List<Exchange> exchanges) {
  public ExchangeBatch {
    exchanges = List.copyOf(exchanges);
  }
}
