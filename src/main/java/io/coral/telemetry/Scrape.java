package io.coral.telemetry;

import io.coral.telemetry.MetricText.Format;
import java.util.Iterator;
import java.util.NoSuchElementException;

/// The answer of `/metrics` in pages of some hundred KB: Coral's own figures, then the requests.
/// What is counted while it is read is in some of it. One thread.
public final class Scrape implements Iterator<String> {
  private static final long BEGIN = -2;
  private static final long END = -1;

  private final Format format;
  private final Figures figures;
  private final RequestSeries series;
  private long next = BEGIN;

  public Scrape(Format format, Figures figures, RequestSeries series) {
    this.format = format;
    this.figures = figures;
    this.series = series;
  }

  @Override
  public boolean hasNext() {
    return next != END;
  }

  @Override
  public String next() {
    if (next == END) {
      throw new NoSuchElementException();
    }
    MetricText text = new MetricText(format);
    if (next == BEGIN) {
      figures.write(text);
      next = 0;
    }
    next = series.write(next, text);
    if (next == END) {
      text.end();
    }
    return text.toString();
  }
}
